import Glibc
import LinuxSystem
import Testing

@testable import MemoryWork

/// Which pages a file has, asked on real files, and that asking makes none.
@Suite("File presence", .serialized)
struct FilePresenceTests {
  static let mib = 1 << 20

  @Test("On tmpfs written pages are there and holes are not")
  func tmpfs() throws {
    let directory = try ScratchDirectory()
    let path = directory.file("a")
    try write(7, to: path, 2 * Self.mib..<3 * Self.mib)
    try write(7, to: path, 6 * Self.mib..<6 * Self.mib + 1)
    let file = try MemoryFile(path, size: 8 * Self.mib, creating: true)
    #expect(file.present.ranges == [2 * Self.mib..<3 * Self.mib, 6 * Self.mib..<6 * Self.mib + 4096])
    #expect(file.presentIsExact)
    #expect(try allocatedBytes(path) == Self.mib + 4096)
  }

  @Test("Pages that fallocate made on tmpfs are there, though they look like holes")
  func fallocated() throws {
    let directory = try ScratchDirectory()
    let path = directory.file("a")
    try write(7, to: path, 0..<4096)
    let fd = unsafe open(path, O_RDWR)
    defer { close(fd) }
    try FileRange.allocate(fd, 4 * Self.mib, Self.mib)
    ftruncate(fd, 8 * Self.mib)
    let file = try MemoryFile(path, size: nil, creating: false)
    #expect(file.present.ranges == [0..<4096, 4 * Self.mib..<5 * Self.mib])
  }

  @Test("On hugetlbfs a part of the pages is told from the rest", .enabled(if: ReservedPages.canReserve, "needs root"))
  func hugetlbfs() throws {
    let pool = try ReservedPages(16)
    let directory = try HugePageDirectory()
    let path = directory.file("a")
    let page = ReservedPages.size
    let fd = unsafe open(path, O_RDWR | O_CREAT, 0o600)
    defer { close(fd) }
    ftruncate(fd, 12 * page)
    try FileRange.allocate(fd, 3 * page, 4 * page)
    try FileRange.allocate(fd, 10 * page, page)
    let file = try MemoryFile(path, size: nil, creating: false)
    #expect(file.present.ranges == [3 * page..<7 * page, 10 * page..<11 * page])
    #expect(file.presentIsExact)
    #expect(try allocatedBytes(path) == 5 * page)
    withExtendedLifetime(pool) {}
  }

  @Test("On disk blocks that are only allocated are there")
  func disk() throws {
    let directory = try ScratchDirectory(on: "/var/tmp")
    let path = directory.file("a")
    let fd = unsafe open(path, O_RDWR | O_CREAT, 0o600)
    defer { close(fd) }
    ftruncate(fd, 8 * Self.mib)
    try FileRange.allocate(fd, 2 * Self.mib, Self.mib)
    let file = try MemoryFile(path, size: nil, creating: false)
    guard file.isOnDisk else { return }
    #expect(file.present.ranges == [2 * Self.mib..<3 * Self.mib])
  }
}
