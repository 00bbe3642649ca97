internal import LinuxSystem

/// A file mapped so that it can be looked at and not changed: what is there becomes visible in this process's page
/// tables, from which the kernel then counts page sizes and nodes; what is missing stays missing.
final class FileLook {
  let file: MemoryFile
  /// What is in memory now; what has content, which on disk may be elsewhere.
  private(set) var resident = Extents()
  private(set) var content = Extents()
  /// For a kernel that does not tell where pages are missing: how much is there, and nothing of it can be looked at.
  private var countedBytes: Int?
  private var mapping: Owned<Mapping>?
  private var pageGuard: Owned<PageGuard>?

  init(_ file: MemoryFile) throws(MemoryError) {
    self.file = file
    if file.length == 0 { return }
    try map()
    content = file.present
    if file.isOnDisk {
      resident = file.cachedBefore ?? Extents()
    } else if file.presentIsExact {
      try measureMemory()
    } else {
      content = Extents()
      countedBytes = try attempting(.inspect, file.path) { () throws(Errno) in
        min(try file.descriptor!.value.status().allocatedBytes, file.length)
      }
    }
  }

  private func map() throws(MemoryError) {
    do throws(Errno) {
      mapping = Owned(try Mapping.readOnly(file.descriptor!.value, file.length))
    } catch {
      throw MemoryError(.failed(.map, error), path: file.path, bytes: file.length, pageSize: file.pageSize)
    }
    // where the kernel forbids guards, a page that goes between two looks may come back empty
    if !file.isOnDisk { pageGuard = Self.guarding(mapping!) }
  }

  private static func guarding(_ mapping: Owned<Mapping>) -> Owned<PageGuard>? {
    do throws(Errno) {
      return Owned(try PageGuard(mapping.value))
    } catch {
      return nil
    }
  }

  /// Pages of tmpfs may be swapped out, and are left there.
  private func measureMemory() throws(MemoryError) {
    resident = file.present
    if file.fileSystem.kind != .tmpfs { return }
    if let cached = FilePresence.cached(file.descriptor!.value, file.present) {
      resident = cached
    } else {
      resident = try attempting(.inspect, file.path) { () throws(Errno) in try FilePresence.cached(mapping!.value) }
    }
  }

  /// For chunks.
  var region: Region {
    Region(
      address: mapping?.value.address ?? 0, length: file.length, pageSize: file.pageSize,
      recipe: Recipe(pages: Memory.canPopulate ? .populate : .touch, writing: false))
  }

  /// What the kernel counts, once the pages are visible.
  func findings() -> FileFindings {
    var found = FileFindings(path: file.path, bytes: file.length, pageSize: file.pageSize)
    guard let mapping else { return found }
    let start = mapping.value.address
    let facts = MappingFacts.of(start..<start + UInt(file.length))
    found.residentBytes = countedBytes ?? facts.residentBytes
    found.bytesByNode = facts.bytesByNode
    let isPool = file.pageSize > MemoryInfo.basePageSize
    found.hugeBytes = isPool ? found.residentBytes : facts.transparentHugeBytes
    return found
  }
}
