import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import MemoryWork

/// A directory of the test's own on tmpfs, gone afterwards.
final class ScratchDirectory {
  private let folder: TemporaryFolder
  var path: String { folder.path }

  init(on parent: String = "/dev/shm") throws { folder = try TemporaryFolder(in: parent) }

  func file(_ name: String) -> String { folder.file(name) }
}

/// Pages added to a pool for one test, and given back.
final class ReservedPages {
  static let size = 2 << 20
  private static let path = "/proc/sys/vm/nr_hugepages"
  private let before: Int

  init(_ count: Int) throws {
    before = SystemFiles().integer(Self.path) ?? 0
    Self.write(before + count)
    if Self.free < count {
      Self.write(before)
      throw Skip("the pool of 2 MiB pages came up short")
    }
  }

  deinit { Self.write(before) }

  static var free: Int { (try? HugePagePool.of(pageSize: size)?.free) ?? 0 }

  static var reserved: Int { (try? HugePagePool.of(pageSize: size)?.reserved) ?? 0 }

  private static func write(_ count: Int) {
    guard let file = unsafe fopen(path, "w") else { return }
    unsafe fputs("\(count)\n", file)
    unsafe fclose(file)
  }

  static let canReserve = geteuid() == 0 && (unsafe access(path, W_OK)) == 0
}

struct Skip: Error, CustomStringConvertible {
  let description: String
  init(_ why: String) { description = why }
}

/// hugetlbfs of the test's own.
final class HugePageDirectory {
  let path: String

  init() throws {
    let scratch = "/tmp/ktask-test-huge-\(getpid())-\(Int.random(in: 0..<1_000_000))"
    unsafe mkdir(scratch, 0o700)
    if unsafe mount("none", scratch, "hugetlbfs", 0, nil) != 0 {
      unsafe rmdir(scratch)
      throw Errno(errno)
    }
    path = scratch
  }

  deinit {
    unsafe umount2(path, Int32(MNT_DETACH))
    unsafe rmdir(path)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// Writes `byte` over a range of a file, which makes its pages.
func write(_ byte: UInt8, to path: String, _ range: Range<Int>) throws {
  let fd = unsafe open(path, O_RDWR | O_CREAT, 0o600)
  defer { close(fd) }
  var status = stat()
  unsafe fstat(fd, &status)
  if status.st_size < range.upperBound { ftruncate(fd, range.upperBound) }
  let mapping = try Mapping.shared(FileDescriptor(owning: dup(fd)), range.upperBound)
  let start = unsafe UnsafeMutableRawPointer(bitPattern: mapping.address)!
  unsafe memset(start + range.lowerBound, Int32(byte), range.count)
}

/// The byte at an offset.
func byte(of path: String, at offset: Int) throws -> UInt8 {
  let file = try FileDescriptor.open(path, .readWrite)
  // whole huge pages: a pool's mapping cannot be unmapped otherwise
  let mapping = try Mapping.shared(file, (offset / ReservedPages.size + 1) * ReservedPages.size, reserving: false)
  return unsafe UnsafeRawPointer(bitPattern: mapping.address)!.load(fromByteOffset: offset, as: UInt8.self)
}

func allocatedBytes(_ path: String) throws -> Int { try FilePlace(path).status().allocatedBytes }

func exists(_ path: String) -> Bool { (try? FilePlace(path).status()) != nil }
