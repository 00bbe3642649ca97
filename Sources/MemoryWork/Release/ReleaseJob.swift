internal import KTask
internal import LinuxSystem

/// release: a chunk's pages are given back. There is no undo: what was in them is gone.
@safe
struct PunchPages: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    do throws(Errno) {
      try FileRange.punch(unsafe regions[start.region].file, start.offset, end.offset - start.offset)
    } catch {
      throw ChunkFailure(operation: .punch, errno: error)
    }
  }
}

/// `release FILE…`: gives the files' pages back, or those of a part of each; their sizes stay.
///
/// Of a part only pages that lie in it whole are given back, as fallocate(2) does it; of others, of which fallocate(2)
/// zeroes what was asked for, nothing is touched: pages are the matter here, not content.
///
/// A file has one thread. The kernel holds its inode's lock while it punches, so that a second thread on the same file
/// only waits: measured, 2 GiB of 4 KiB pages on tmpfs in 0.28 s by one punch, by chunks on one thread and by chunks on
/// two threads alike; as two files on two threads 0.14 s. 4 GiB in huge pages, on tmpfs: 9, 9, 9 and 5 ms; on
/// hugetlbfs: 2–10 ms whatever the way. Chunks cost nothing, and let it be stopped and watched.
public final class ReleaseJob: MemoryJob {
  public let files: [MemoryFile]
  public let pageSize: Int
  public let alignment: Int
  fileprivate let unlink: Bool
  private let evenIfOpen: Bool
  /// Where the part begins in each file.
  private let offset: Int

  /// `from`: bytes of each file, from its start, that are left alone. Files that others have are left alone, unless it is to
  /// go on `evenIfOpen`.
  public init(
    _ files: [MemoryFile], from offset: Int = 0, unlink: Bool, evenIfOpen: Bool = false
  ) throws(MemoryError) {
    for file in files where offset > file.originalSize {
      throw MemoryError(.beyondEnd(size: file.originalSize), path: file.path)
    }
    for file in files { try file.refusePseudo() }
    self.files = files
    self.unlink = unlink
    self.evenIfOpen = evenIfOpen
    self.offset = offset
    pageSize = files.pageSize
    alignment = files.alignment
    if unlink { for file in files { try file.refuseUnlinking() } }
  }

  public var losesContent: Bool { true }
  /// A limit that it comes upon is told then: it maps nothing.
  public var needsMemory: Bool { false }
  public var bytes: Int { nodeTasks.reduce(0) { $0 + $1.range.count } }
  public var mostThreads: Int { Set(nodeTasks.map(\.region)).count }
  public var method: Method? { nil }
  public func checks(_ facts: MachineFacts) -> [Check] { [] }

  /// From each file's first page to its last, without holes that would take long to go over.
  public var nodeTasks: [Span] {
    files.enumerated().flatMap { index, file in
      file.present.clamped(to: part(of: file)).bridging(1 << 30).map { Span(region: index, range: $0) }
    }
  }

  /// What is only behind a file's end goes as well.
  public var changesNames: Bool { files.contains { bytesBehindEnd(of: $0) > 0 } }

  /// Pages that fallocate(2) made with FALLOC_FL_KEEP_SIZE, in a file that is released to its end. What a disk has there it
  /// keeps: ext4 punches nothing behind an end.
  public func bytesBehindEnd(of file: MemoryFile) -> Int {
    let isToEnd = part(of: file).upperBound == file.length && file.length >= file.originalSize
    return isToEnd && !file.isOnDisk && file.presentIsExact
      ? max(0, file.before.allocatedBytes - file.present.bytes) : 0
  }

  public func prepare() throws(MemoryError) -> any PreparedRun {
    let regions = try files.map { file throws(MemoryError) in file.unmappedRegion(try file.openedForWriting()) }
    // somebody may have come since the checks
    if !evenIfOpen { try FilesInUse.refuse(files) }
    return ReleaseRun(self, RegionTable(regions, present: []))
  }

  /// The pages that are given back of a file: all that lie whole in what was asked for.
  public func part(of file: MemoryFile) -> Range<Int> {
    let asked = askedPart(of: file)
    let end = asked.upperBound < file.originalSize ? asked.upperBound / file.pageSize * file.pageSize : file.length
    let start = rounded(asked.lowerBound, up: file.pageSize) ?? end
    return min(start, end)..<end
  }

  /// The bytes that were asked for.
  public func askedPart(of file: MemoryFile) -> Range<Int> { min(offset, file.askedBytes)..<file.askedBytes }
}

private final class ReleaseRun: PreparedRun {
  private let job: ReleaseJob
  private let table: RegionTable
  private var hasBegun = false

  init(_ job: ReleaseJob, _ table: RegionTable) {
    self.job = job
    self.table = table
  }

  func run(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> JobRun {
    let work = unsafe PunchPages(regions: UnsafePointer(table.regions))
    hasBegun = true
    for file in job.files where job.bytesBehindEnd(of: file) > 0 { try file.punchBehindEnd(monitor) }
    let nodeTasks = job.nodeTasks
    var control = control
    // holes of any size, in no more than a thousand steps
    let step = (nodeTasks.map(\.range.count).max() ?? 0) / 1024 / job.alignment * job.alignment
    control.maximumChunk = max(control.maximumChunk, step)
    return runMemoryTask(work, nodeTasks, table, control, monitor, path: { job.files[$0].path })
  }

  /// Another program that writes to a file makes pages again.
  func verify(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    var released = Released()
    for file in job.files {
      try monitor?.check(file.path)
      let now = try file.presence(isMaking: true, Looking(control, monitor))
      let part = job.part(of: file)
      // of a part nothing can be told then
      released.isProven = released.isProven && (now.isExact || part == 0..<file.length)
      let left = now.isExact ? now.present.clamped(to: part).bytes : released.isProven ? now.allocatedBytes : 0
      if left > 0 { throw MemoryError(.notReleased(bytes: left), path: file.path) }
      let bytes = file.releasedBytes(part, behindEnd: job.bytesBehindEnd(of: file) > 0, now)
      released.bytes += bytes
      if file.isOnDisk && part == 0..<file.length && now.isExact { released.bytesOutside += now.allocatedBytes }
      if file.fileSystem.kind == .hugetlbfs { released.bytesOfPools[file.pageSize, default: 0] += bytes }
    }
    if job.unlink { try removeNames(monitor) }
    released.hasRemoved = job.unlink
    var verification = Verification()
    verification.released = released
    return verification
  }

  private func removeNames(_ monitor: TaskMonitor?) throws(MemoryError) {
    for file in job.files {
      try monitor?.check(file.path)
      try file.unlink()
    }
  }

  /// What is gone is gone.
  func giveBack(_ monitor: TaskMonitor?) -> GivenBack { GivenBack(isComplete: !hasBegun) }
}

extension MemoryFile {
  /// Not mapped: chunks are punched in the file.
  fileprivate func unmappedRegion(_ file: Owned<FileDescriptor>) -> Region {
    Region(
      address: 0, length: length, pageSize: pageSize, file: file.value.number, fileSize: size,
      recipe: Recipe(pages: .none))
  }

  /// Where those pages are is not known: so much at a time, and twice as much after a step that finds none.
  fileprivate func punchBehindEnd(_ monitor: TaskMonitor?) throws(MemoryError) {
    let file = try openedForWriting()
    let most = Int.max / pageSize * pageSize
    var (at, left, step) = (length, before.allocatedBytes, rounded(usualMinimumChunk, up: pageSize) ?? pageSize)
    while at < most && left > present.bytes {
      try monitor?.check(path)
      let length = min(step, most - at)
      let now = try attempting(.punch, path) { () throws(Errno) in
        try FileRange.punch(file.value.number, at, length)
        return try file.value.status().allocatedBytes
      }
      if now == left { step = min(step, most / 2) * 2 }
      (at, left) = (at + length, now)
    }
  }

  /// Before anything in it is gone.
  fileprivate func refuseUnlinking() throws(MemoryError) {
    guard let place, let descriptor else { return }
    try attempting(.remove, path) { () throws(Errno) in try place.value.checkRemoval(of: descriptor.value) }
  }

  /// Bytes that it had, and has not any more.
  fileprivate func releasedBytes(_ part: Range<Int>, behindEnd: Bool, _ now: FilePresence) -> Int {
    let all = max(0, before.allocatedBytes - now.allocatedBytes)
    return presentIsExact && !behindEnd ? present.clamped(to: part).bytes : all
  }

  /// Removes the name, if it still means this file.
  fileprivate func unlink() throws(MemoryError) {
    guard let place, let descriptor else { return }
    do throws(Errno) {
      try place.value.remove(descriptor.value.status())
    } catch {
      throw MemoryError(error == .stale ? .replaced : .failed(.remove, error), path: path)
    }
  }
}
