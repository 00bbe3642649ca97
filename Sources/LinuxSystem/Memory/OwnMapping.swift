internal import CLinux

/// One of this process's own mappings, of whoever made it (/proc/self/maps).
public struct OwnMapping: Sendable, Equatable {
  public let range: Range<UInt>
  /// Bytes of its pages, transparent huge ones apart.
  public let pageSize: Int
  public let isReadable: Bool
  public let isWritable: Bool
  /// What is written is its file's (MAP_SHARED).
  public let isShared: Bool
  /// The file system of the file behind it, as fstat(2) has it; 0 where there is no file.
  public let device: UInt64
  /// Its file has no name anywhere: a memfd, shared anonymous memory, a System V segment.
  public let isNameless: Bool
  /// Pages of its file may be reserved, which mincore(2) does not tell of before they are cleared: fallocate(2) needs a
  /// descriptor, which nobody has of shared anonymous memory and of a System V segment.
  public let mayBeReserved: Bool
  /// False of anonymous memory, in whatever way it came.
  public let hasFile: Bool

  /// The mapping that has an address, or the next one above it; ENOENT: there is none; ENOSYS: there is no
  /// /proc.
  public static func at(_ address: UInt) throws(Errno) -> OwnMapping {
    var walk = unsafe clinux_mapping_walk()
    defer { unsafe clinux_end_walk(&walk) }
    return try unsafe next(&walk, address)
  }

  private static func next(_ walk: inout clinux_mapping_walk, _ address: UInt) throws(Errno) -> OwnMapping {
    var found = clinux_own_mapping()
    try Errno.check(unsafe clinux_next_own_mapping(&walk, address, &found))
    return OwnMapping(found)
  }

  private init(_ found: clinux_own_mapping) {
    range = found.start..<max(found.start, found.end)
    pageSize = Int(clamping: found.page_size)
    (isReadable, isWritable, isShared) = (found.is_readable, found.is_writable, found.is_shared)
    (device, hasFile) = (found.device, found.has_file)
    (isNameless, mayBeReserved) = (found.is_nameless, found.may_be_reserved)
  }

  /// Whether its file is in memory, which is all that there is of its pages; nil where that is not told: its file system is
  /// mounted nowhere that this process sees.
  public var isOfMemory: Bool? {
    if isNameless || !hasFile { return isNameless }
    guard let mount = (try? FileSystemMount.of(device: device)) ?? nil else { return nil }
    return mount.kind == "tmpfs" || mount.kind == "hugetlbfs" || mount.kind == "devtmpfs"
  }
}

extension OwnMapping {
  /// Calls `body` with each mapping that a range has a part of, and that part, as long as there is something mapped all
  /// along. ENOMEM: there is not.
  public static func forEach(
    in range: Range<UInt>, _ body: (OwnMapping, Range<UInt>) throws(Errno) -> Void
  ) throws(Errno) {
    var at = range.lowerBound
    var walk = unsafe clinux_mapping_walk()
    defer { unsafe clinux_end_walk(&walk) }
    while at < range.upperBound {
      let mapping: OwnMapping
      do throws(Errno) {
        mapping = try unsafe next(&walk, at)
      } catch {
        throw error == .noEntry ? .noMemory : error
      }
      if mapping.range.lowerBound > at || mapping.range.isEmpty { throw .noMemory }
      let end = min(range.upperBound, mapping.range.upperBound)
      try body(mapping, at..<end)
      at = end
    }
  }
}
