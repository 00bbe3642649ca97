@unsafe @preconcurrency import Glibc

/// What the kernel says of a file, asked by the test itself.
struct FileFacts: Equatable {
  var size: Int
  /// Bytes of memory or disk behind it.
  var allocated: Int
  var mode: UInt32
  var modified: [Int]

  /// nil: there is none. `following`: of what a symbolic link leads to.
  init?(_ path: String, following: Bool = false) {
    var raw = stat()
    guard unsafe (following ? stat(path, &raw) : lstat(path, &raw)) == 0 else { return nil }
    size = Int(raw.st_size)
    allocated = Int(raw.st_blocks) * 512
    mode = raw.st_mode & 0o7777
    modified = [raw.st_mtim.tv_sec, raw.st_mtim.tv_nsec]
  }
}

/// A file mapped into the test: its content by pages, each of which has a byte of its own.
final class Content {
  private let address: UInt
  private let bytes: Int
  static let page = 4096

  /// The first `bytes`; nil: all. `reserving`: a pool promises the pages that are missing, for as long as there is the file.
  init(_ path: String, bytes wanted: Int? = nil, reserving: Bool = true) throws {
    bytes = wanted ?? FileFacts(path, following: true)?.size ?? 0
    let file = unsafe open(path, O_RDWR | O_CLOEXEC)
    defer { close(file) }
    let flags = reserving ? MAP_SHARED : MAP_SHARED | MAP_NORESERVE
    let raw = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, file, 0)
    guard unsafe raw != MAP_FAILED else { throw Failure("\(path) cannot be mapped: errno \(errno)") }
    address = UInt(bitPattern: raw)
  }

  deinit { unsafe munmap(pointer(0), bytes) }

  /// Writes a pattern into the pages of a range.
  func write(_ range: Range<Int>) {
    for at in stride(from: range.lowerBound, to: range.upperBound, by: Self.page) {
      unsafe memset(pointer(at), Int32(Self.byte(at)), Self.page)
    }
  }

  /// Writes zeros, and so makes the pages.
  func clear(_ range: Range<Int>) { unsafe memset(pointer(range.lowerBound), 0, range.count) }

  /// Reads one byte of each page, and has the kernel read nothing ahead of it.
  func read(_ range: Range<Int>) {
    unsafe madvise(pointer(0), bytes, MADV_RANDOM)
    for at in stride(from: range.lowerBound, to: range.upperBound, by: Self.page) {
      _ = unsafe pointer(at).load(as: UInt8.self)
    }
  }

  /// Whether the pattern is there.
  func isWritten(_ range: Range<Int>) -> Bool {
    stride(from: range.lowerBound, to: range.upperBound, by: Self.page).allSatisfy { at in
      isFilled(at, Self.page, with: Self.byte(at))
    }
  }

  var isZero: Bool { isFilled(0, bytes, with: 0) }
  func isZero(_ range: Range<Int>) -> Bool { isFilled(range.lowerBound, range.count, with: 0) }

  /// Bytes in memory (mincore(2)).
  var residentBytes: Int {
    var pages = [UInt8](repeating: 0, count: bytes / Self.page)
    guard unsafe mincore(pointer(0), bytes, &pages) == 0 else { return -1 }
    return pages.count { $0 & 1 == 1 } * Self.page
  }

  private func isFilled(_ at: Int, _ count: Int, with byte: UInt8) -> Bool {
    let start = unsafe pointer(at)
    guard unsafe start.load(as: UInt8.self) == byte else { return false }
    return unsafe memcmp(start, start + 1, count - 1) == 0
  }

  private func pointer(_ at: Int) -> UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(bitPattern: address + UInt(at))!
  }

  /// Never zero.
  private static func byte(_ at: Int) -> UInt8 { UInt8(truncatingIfNeeded: at / page &* 167) | 1 }
}
