internal import LinuxSystem

/// A file mapped so that it can be looked at and not changed: what is there becomes visible in this process's page
/// tables, from which the kernel then counts page sizes and nodes; what is missing stays missing.
final class FileLook {
  let file: MemoryFile
  /// What is to be made visible: what is in memory, or, where that is not known and nothing can be made by looking, what may be.
  private(set) var visible = Extents()
  /// What may have content.
  private(set) var content = Extents()
  /// The content is read, not mapped: what is missing would be made by a look at the mapping, or what is on disk be read page
  /// by page.
  let isRead: Bool
  /// nil: of a file without length.
  private let mapping: Owned<Mapping>?
  private let pageGuard: Owned<PageGuard>?

  init(_ file: MemoryFile) throws(MemoryError) {
    self.file = file
    isRead = file.isOnDisk || !file.presentIsExact
    guard let descriptor = file.descriptor, file.length > 0 else {
      (mapping, pageGuard) = (nil, nil)
      return
    }
    let mapping = try Self.map(file, descriptor)
    self.mapping = mapping
    // where the kernel forbids guards, a page that goes between two looks may come back empty
    pageGuard = file.isOnDisk ? nil : Self.guarding(mapping)
    content = file.present
    if file.before.residentBytes != nil {
      visible = file.before.resident
    } else if pageGuard != nil {
      visible = file.before.mayBeResident
    }
  }

  private static func map(
    _ file: MemoryFile, _ descriptor: Owned<FileDescriptor>
  ) throws(MemoryError) -> Owned<Mapping> {
    let mapping: Owned<Mapping>
    do throws(Errno) {
      mapping = Owned(try Mapping.readOnly(descriptor.value, file.length))
    } catch {
      throw .mapping(error, path: file.path, bytes: file.length, pageSize: file.pageSize)
    }
    if !file.isOnDisk { return mapping }
    try attempting(.advise, file.path) { () throws(Errno) in
      try Memory.adviseRandom(mapping.value.address, file.length)
      try FileRange.readNoAhead(descriptor.value.number)
    }
    return mapping
  }

  private static func guarding(_ mapping: Owned<Mapping>) -> Owned<PageGuard>? {
    do throws(Errno) {
      return Owned(try PageGuard(mapping.value))
    } catch {
      return nil
    }
  }

  /// For chunks.
  var region: Region {
    Region(
      address: mapping?.value.address ?? 0, length: file.length, pageSize: file.pageSize,
      file: file.descriptor?.value.number ?? -1,
      recipe: Recipe(pages: Memory.canPopulate ? .populate : .touch, writing: false))
  }

  /// Where it is mapped.
  var addresses: Range<UInt> {
    guard let mapping else { return 0..<0 }
    return mapping.value.address..<mapping.value.address + UInt(file.length)
  }

  /// Nobody tells how much is in memory: what comes to be seen does.
  private var isGuess: Bool { file.before.residentBytes == nil && pageGuard != nil }

  /// Of so many bytes that were seen, what is known to be all that is there; nil: not known, since pages that were there
  /// before were not to be seen, and the kernel says that they still are.
  func known(seen: Int, _ looking: Looking) throws(MemoryError) -> Int? {
    if isGuess || seen == visible.bytes { return seen }
    guard let now = try file.presence(isMaking: false, looking).residentBytes, now <= seen else { return nil }
    return seen
  }

  /// What is known, once the pages are visible; `seen`: bytes that were, nil: not known; `facts`: what the kernel counts there.
  func findings(seen: Int?, _ facts: MappingFacts) -> FileFindings {
    var found = FileFindings(path: file.path, bytes: file.length, pageSize: file.pageSize)
    if mapping == nil { return found }
    found.residentBytes = isGuess || !visible.ranges.isEmpty ? seen : file.before.residentBytes
    if file.before.isReadyKnown, let residentBytes = found.residentBytes {
      found.unclearedBytes = max(0, residentBytes - file.before.ready.bytes)
    }
    // of pages that are not among those that the kernel counts it does not tell
    let resident = found.residentBytes ?? 0
    if let nodes = facts.bytesByNode, nodes.values.sum() >= resident { found.bytesByNode = nodes }
    let isPool = file.pageSize > MemoryInfo.basePageSize
    let isCounted = facts.residentBytes.map { $0 >= resident } ?? false
    found.hugeBytes = isPool || resident == 0 ? found.residentBytes : isCounted ? facts.transparentHugeBytes : nil
    return found
  }
}
