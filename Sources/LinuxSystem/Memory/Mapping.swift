internal import Glibc

/// A piece of address space (mmap(2)), unmapped at the end of its life.
public struct Mapping: ~Copyable, Sendable {
  /// Where the usable part starts, and its bytes.
  public let address: UInt
  public let length: Int
  /// All that is mapped, with what surrounds the usable part.
  private let outer: (address: UInt, length: Int)

  private static let readWrite = PROT_READ | PROT_WRITE

  private init(address: UInt, length: Int, outer: (address: UInt, length: Int)? = nil) {
    self.address = address
    self.length = length
    self.outer = outer ?? (address, length)
  }

  /// What the kernel does not unmap goes with the process. Huge pages are unmapped whole or not at all: a length in parts of
  /// them would be a leak.
  deinit { _ = unsafe munmap(UnsafeMutableRawPointer(bitPattern: outer.address), outer.length) }

  /// Private anonymous memory, its start aligned to `alignment` bytes and walled in by unusable pages, so that the
  /// kernel never merges it with a neighbour and its counts are its own.
  public static func anonymous(_ length: Int, alignment: Int) throws(Errno) -> Mapping {
    let (room, overflow) = length.addingReportingOverflow(2 * alignment)
    if overflow { throw .noMemory }
    let base = try map(room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1)
    let start = (base + UInt(alignment)) / UInt(alignment) * UInt(alignment)
    let whole = Mapping(address: start, length: length, outer: (base, room))
    _ = try map(length, readWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, at: start)
    return whole
  }

  /// Private anonymous huge pages of `pageSize` bytes (MAP_HUGETLB): reserved here, ENOMEM where the pool is short.
  public static func hugePages(_ length: Int, pageSize: Int) throws(Errno) -> Mapping {
    let size = Int32(pageSize.trailingZeroBitCount) << MAP_HUGE_SHIFT
    let address = try map(length, readWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size, -1)
    return Mapping(address: address, length: length)
  }

  /// The first `length` bytes of a file, shared; on hugetlbfs whole pages. On hugetlbfs the pages that are missing are reserved here, ENOMEM
  /// where the pool is short, unless not `reserving`.
  public static func shared(
    _ file: borrowing FileDescriptor, _ length: Int, writable: Bool = true, reserving: Bool = true
  ) throws(Errno) -> Mapping {
    let protection = writable ? readWrite : PROT_READ
    let address = try map(length, protection, MAP_SHARED | (reserving ? 0 : MAP_NORESERVE), file.number)
    return Mapping(address: address, length: length)
  }

  /// The first `length` bytes of a file, private, to be read only: pages of the file that are there are seen, and a
  /// descriptor opened for reading is enough for a `PageProbe` or a `PageGuard` on it.
  public static func readOnly(_ file: borrowing FileDescriptor, _ length: Int) throws(Errno) -> Mapping {
    let address = try map(length, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, file.number)
    return Mapping(address: address, length: length)
  }

  private static func map(
    _ length: Int, _ protection: Int32, _ flags: Int32, _ file: Int32, at address: UInt = 0
  ) throws(Errno) -> UInt {
    let place = unsafe UnsafeMutableRawPointer(bitPattern: address)
    let result = unsafe mmap(place, length, protection, flags, file, 0)
    if unsafe result == MAP_FAILED { throw Errno.current }
    return UInt(bitPattern: result)
  }
}
