internal import KTask
internal import LinuxSystem

/// A file mapped to be looked at, and how: every page on all threads, in chunks between which it can be stopped.
struct FileScan {
  /// An open file, of whose first `length` bytes, in whole pages, is asked what is there.
  struct Subject {
    let file: Owned<FileDescriptor>
    let fileSystem: FileSystemFacts
    let pageSize: Int
    let length: Int
    let path: String
  }
  private let subject: Subject
  let mapping: Owned<Mapping>
  /// Bytes from its start.
  let within: Int
  /// The mapping is of all that the file has.
  let isWhole: Bool
  /// Bytes that the file has in all.
  let allocated: Int
  /// Each page was made by this mapping, if all went well.
  let isMade: Bool
  let looking: Looking

  init(
    _ subject: Subject, mapping: Owned<Mapping>, within: Int, isWhole: Bool, allocated: Int, isMade: Bool,
    _ looking: Looking
  ) {
    self.subject = subject
    self.mapping = mapping
    self.within = within
    self.isWhole = isWhole
    self.allocated = allocated
    self.isMade = isMade
    self.looking = looking
  }

  var file: Int32 { subject.file.value.number }
  var fileSystem: FileSystemFacts { subject.fileSystem }
  var pageSize: Int { subject.pageSize }
  var path: String { subject.path }
}

extension FileScan {
  func map() throws(MemoryError) -> PageMap {
    try attempting(.inspect, path) { () throws(Errno) in try PageMap(within, pageSize: pageSize) }
  }

  /// False where the kernel refused to tell.
  func run<Work: MemoryTaskWork>(
    _ parts: Extents, _ work: (RegionTable) -> Work
  ) throws(MemoryError) -> Bool {
    let region = Region(
      address: mapping.value.address, length: within, pageSize: pageSize, file: file, recipe: Recipe(pages: .none))
    let table = RegionTable([region], present: [])
    let control = looking.control.forMemory(alignment: pageSize * PageBits.perWord)
    let run = runMemoryTask(
      work(table), parts.ranges.map { Span(region: 0, range: $0) }, table, control, looking.monitor,
      path: { _ in path })
    if run.end == .cancelled { throw MemoryError(.cancelled) }
    return run.errors.isEmpty
  }
}

/// A file may be a thousand times larger than what it has.
extension FileScan {
  /// Parts into which a file is cut for that at most.
  private static let most = 1024

  /// The parts of the file that have anything, in pieces that each take a moment to be looked at, however large its holes are:
  /// what is listed of them as blocks, or counted in the page cache. nil where the kernel refuses to tell.
  func parts(tellsBlocks: Bool, tellsCache: Bool) throws(MemoryError) -> Extents? {
    let piece = max(usualMinimumChunk, rounded(within / Self.most, up: usualMinimumChunk) ?? within)
    // without that every page is asked for; and where most of it may be there, too
    if !tellsCache || within <= piece || allocated >= within / 16 { return Extents([0..<within]) }
    var parts = Extents()
    var (at, block) = (0, 0..<0)
    while at < within {
      try looking.monitor?.check(path)
      let end = at + min(piece, within - at)
      do throws(Errno) {
        if tellsBlocks && block.upperBound <= at {
          // where there is none, an empty one at the end
          let next = try FileRange.nextExtent(file, at, within)
          block = next.start..<next.end
        }
        let (cached, swapped) = try FileRange.cachedPages(file, at, end - at)
        if cached +| swapped > 0 || block.overlaps(at..<end) { parts.append(at..<end) }
      } catch {
        return nil
      }
      at = end
    }
    return parts
  }
}

extension FileScan {
  var tellsCache: Bool {
    if !fileSystem.ownsItsPages { return false }
    do throws(Errno) {
      _ = try FileRange.cachedPages(file, 0, MemoryInfo.basePageSize)
      return true
    } catch {
      return false
    }
  }

  /// One call for each part with data, and one for each hole: as long as the kernel takes to walk through it.
  func data() throws(MemoryError) -> Extents {
    var extents = Extents()
    var at = 0
    while at < within {
      if looking.monitor?.isCancelled == true { throw MemoryError(.cancelled) }
      let (start, end) = try attempting(.inspect, path) { () throws(Errno) in
        let start = try FileRange.seek(file, at, data: true)
        return (start, start < within ? try FileRange.seek(file, start, data: false) : start)
      }
      // a file system may say anything
      if start < at || start >= within || end <= start { break }
      extents.append(start..<min(end, within))
      at = end
    }
    return extents.touchedPages(of: pageSize).clamped(to: 0..<within)
  }
}
