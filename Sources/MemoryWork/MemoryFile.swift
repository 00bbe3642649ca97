public import KTask
public import LinuxSystem

/// One FILE of a job: opened and locked, measured before it is touched, and put back as it was when asked.
public final class MemoryFile {
  public let path: String
  public let fileSystem: FileSystemFacts
  /// Bytes of its pages: the pool's on hugetlbfs, else base pages.
  public let pageSize: Int
  public let existed: Bool
  /// Its size before, and the size that it is to have, in bytes.
  public let originalSize: Int
  public let size: Int
  /// The bytes asked for: the size where nothing is said.
  let askedBytes: Int
  /// What the job covers: whole pages.
  public let length: Int
  /// What was there before.
  public private(set) var present = Extents()
  public private(set) var presentIsExact = true
  /// nil: where the kernel puts it.
  public private(set) var placement: Placement?
  /// Its node tasks; one of no node where it is not placed.
  private(set) var parts: [Span]
  /// Where its pages lie; after a verified run.
  public internal(set) var bytesByNode: [Int: Int] = [:]

  private(set) var descriptor: Owned<FileDescriptor>?
  private var mapping: Owned<Mapping>?
  /// On disk what the page cache had of it.
  private(set) var cachedBefore: Extents?
  /// Huge pages are asked for where the kernel gives them to whom asks (MADV_HUGEPAGE).
  public private(set) var isTransparent = false
  private var hasExtended = false
  private var hasCreated = false

  /// Opens and locks the file, or, where there is none and `creating`, looks at its directory; changes nothing.
  /// `size` nil: the file's own, which must be something unless it `mayBeEmpty`; more than that is for `creating` only.
  public init(
    _ path: String, size wanted: Int?, creating: Bool, mayBeEmpty: Bool = false, monitor: TaskMonitor? = nil
  ) throws(MemoryError) {
    self.path = path
    try monitor?.check(path)
    let opened = try Self.open(path)
    existed = opened != nil
    if opened == nil && !creating { throw MemoryError(.missing, path: path) }
    fileSystem = try Self.fileSystem(of: opened?.value.number, path)
    originalSize = existed ? try attempting(.inspect, path) { () throws(Errno) in try opened!.value.status().size } : 0
    pageSize = fileSystem.kind == .hugetlbfs ? fileSystem.blockSize : MemoryInfo.basePageSize
    guard let asked = wanted ?? (originalSize > 0 || mayBeEmpty ? originalSize : nil) else {
      throw MemoryError(.noSize, path: path)
    }
    if !creating && asked > originalSize { throw MemoryError(.beyondEnd(size: originalSize), path: path) }
    guard let length = rounded(asked, up: pageSize) else {
      throw MemoryError(.failed(.resize, .fileTooBig), path: path)
    }
    self.length = length
    parts = [Span(region: 0, range: 0..<length)]
    askedBytes = asked
    size = max(originalSize, fileSystem.kind == .hugetlbfs ? length : asked)
    descriptor = opened
    try measure(monitor)
  }

  /// A file without a name, of `size` bytes, that is open already; `isTransparent`: in transparent huge pages.
  init(unnamed file: Owned<FileDescriptor>, size wanted: Int, isTransparent: Bool) throws(MemoryError) {
    path = Self.memfd
    existed = true
    fileSystem = try Self.fileSystem(of: file.value.number, path)
    originalSize = 0
    pageSize = fileSystem.kind == .hugetlbfs ? fileSystem.blockSize : MemoryInfo.basePageSize
    guard let length = rounded(wanted, up: pageSize) else {
      throw MemoryError(.failed(.resize, .fileTooBig), path: path)
    }
    self.length = length
    parts = [Span(region: 0, range: 0..<length)]
    askedBytes = wanted
    size = fileSystem.kind == .hugetlbfs ? length : wanted
    self.isTransparent = isTransparent
    descriptor = file
  }

  /// Opens a file to look at its first `size` bytes, or all of it: for reading only and not locked, so that nobody who
  /// works on it or has it mapped is disturbed.
  public init(lookingAt path: String, size wanted: Int?, monitor: TaskMonitor? = nil) throws(MemoryError) {
    self.path = path
    try monitor?.check(path)
    guard let opened = try Self.open(path, looking: true) else { throw MemoryError(.missing, path: path) }
    existed = true
    fileSystem = try Self.fileSystem(of: opened.value.number, path)
    originalSize = try attempting(.inspect, path) { () throws(Errno) in try opened.value.status().size }
    size = originalSize
    askedBytes = min(originalSize, wanted ?? originalSize)
    pageSize = fileSystem.kind == .hugetlbfs ? fileSystem.blockSize : MemoryInfo.basePageSize
    length = rounded(askedBytes, up: pageSize) ?? originalSize
    parts = [Span(region: 0, range: 0..<length)]
    descriptor = opened
    try measure(monitor)
  }

  private func measure(_ monitor: TaskMonitor?) throws(MemoryError) {
    guard descriptor != nil else { return }
    let found = try attempting(.inspect, path) { () throws(Errno) in
      try FilePresence.of(descriptor!.value, fileSystem.kind, pageSize: pageSize, length: length)
    }
    present = found.extents
    presentIsExact = found.isExact
    try monitor?.check(path)
    if isOnDisk { cachedBefore = try measureCached() }
  }

  /// Shares it out among nodes, as far as they have pages; before `checks` and `begin`. Pages that are there are not
  /// moved: bound to other nodes than theirs, the file is refused. `looking`: how threads look for that.
  public func place(
    _ placement: Placement, _ stock: inout NodeStock, looking: TaskControl, monitor: TaskMonitor? = nil
  ) throws(MemoryError) {
    if isOnDisk { throw MemoryError(.noPlacement(fileSystem.kind.rawValue), path: path) }
    self.placement = placement
    if placement.policy == .bind { try refuseWrongNodes(placement, looking, monitor) }
    parts = placement.parts(
      of: 0, length: length, missing: present.gaps(in: 0..<length), pageSize: pageSize, alignment: alignment, &stock)
  }

  /// Looks at what is there already, as far as that is known: reading a page that is not there would make one.
  private func refuseWrongNodes(
    _ placement: Placement, _ looking: TaskControl, _ monitor: TaskMonitor?
  ) throws(MemoryError) {
    guard presentIsExact, let within = present.hull?.upperBound else { return }
    // not more, and not to be written: hugetlbfs makes a file as long as its longest writable mapping
    let seen = try attempting(.map, path) { () throws(Errno) in
      Owned(try Mapping.shared(descriptor!.value, within, writable: false, reserving: false))
    }
    mapping = seen
    defer { mapping = nil }
    let recipe = Recipe(pages: Memory.canPopulate ? .populate : .touch, writing: false)
    let region = Region(address: seen.value.address, length: within, pageSize: pageSize, recipe: recipe)
    let table = RegionTable([region], present: [present])
    let control = looking.forMemory(alignment: pageSize)
    _ = try table.bytesByNode(
      present.ranges.map { Span(region: 0, range: $0) }, [placement], control, monitor, wereThere: true,
      path: { _ in path })
  }

  /// Asks for transparent huge pages; false where its file system has none.
  public func wantTransparent() -> Bool {
    guard fileSystem.kind == .tmpfs, let device = try? Self.device(of: descriptor, path) else { return false }
    isTransparent = TransparentHugePages.isOn(device: device)
    return isTransparent
  }

  // MARK: working

  /// Bytes without memory (on disk: without blocks).
  public var missingBytes: Int { length - present.bytes }

  /// Bytes in memory before, of those that the job covers.
  public var residentBefore: Int { (cachedBefore ?? present).bytes }

  /// Makes the file if need be, gives it its size and maps it. On hugetlbfs nothing is reserved: pages promised to a
  /// file stay promised, whatever becomes of the run, until they are made or the file is cut.
  func begin() throws(MemoryError) {
    if descriptor == nil { try create() }
    let sizeNow = try attempting(.inspect, path) { () throws(Errno) in try descriptor!.value.status().size }
    if sizeNow < size {
      hasExtended = true
      try attempting(.resize, path) { () throws(Errno) in try descriptor!.value.resize(to: size) }
    }
    try map()
  }

  /// What the page cache has of a file on disk.
  private func measureCached() throws(MemoryError) -> Extents {
    let within = min(length, originalSize)
    if within == 0 { return Extents() }
    let isTold = try attempting(.inspect, path) { () throws(Errno) in try descriptor!.value.tellsResidency() }
    if !isTold { throw MemoryError(.failed(.inspect, .access), path: path) }
    return try attempting(.inspect, path) { () throws(Errno) in
      try FilePresence.cached(Mapping.shared(descriptor!.value, within, writable: false))
    }
  }

  private func map() throws(MemoryError) {
    do throws(Errno) {
      mapping = Owned(try Mapping.shared(descriptor!.value, length, reserving: false))
    } catch {
      throw MemoryError(.failed(.map, error), path: path, bytes: length, pageSize: pageSize)
    }
    try attempting(.advise, path) { () throws(Errno) in
      // before the first touch; later it would come too late
      if isTransparent { try Memory.adviseHuge(mapping!.value.address, length, true) }
    }
    try attempting(.place, path) { () throws(Errno) in
      try placement?.apply(to: parts, at: mapping!.value.address, length: length)
    }
  }

  private func create() throws(MemoryError) {
    let made = try make()
    hasCreated = true
    try Self.claim(made.value, path)
    descriptor = made
  }

  /// Lets another ktaskctl work on it, while this one only keeps it open.
  public func unlock() { try? descriptor?.value.unlock() }

  private func make() throws(MemoryError) -> Owned<FileDescriptor> {
    do throws(Errno) {
      return Owned(try FileDescriptor.open(path, .createNew))
    } catch {
      // made meanwhile by another ktaskctl, which then is at work on it
      if error == .exists { _ = try Self.open(path) }
      throw MemoryError(.failed(.create, error), path: path)
    }
  }

  /// A file system that keeps its files on disk: its memory is the page cache.
  public var isOnDisk: Bool { fileSystem.kind != .hugetlbfs && fileSystem.kind != .tmpfs }

  /// For chunks; after `begin`.
  func region(_ recipe: Recipe) -> Region {
    Region(
      address: mapping!.value.address, length: length, pageSize: pageSize, file: descriptor!.value.number,
      fileSize: size, recipe: recipe)
  }

  /// Bytes of memory that the file has now, of those that the job covers.
  func residentBytes() throws(MemoryError) -> Int {
    try attempting(.verify, path) { () throws(Errno) in
      if fileSystem.kind == .hugetlbfs {
        let all = try descriptor!.value.status()
        return all.allocatedBytes >= all.size
          ? length
          : try FilePresence.of(descriptor!.value, .hugetlbfs, pageSize: pageSize, length: length).extents.bytes
      }
      return try FilePresence.cached(mapping!.value).bytes
    }
  }

  // MARK: putting back

  /// Gives the size back that it had, and the page cache what was read into it; removes it if this run made it and
  /// `removing`. True when all of that was possible.
  func restore(removing: Bool) -> Bool {
    guard descriptor != nil else { return true }
    // a tmpfs file keeps its policy
    if removing, placement != nil, let mapping { try? Memory.setPolicy(mapping.value.address, length, .standard) }
    mapping = nil
    // now: the kernel keeps what is mapped
    dropCached()
    var isComplete = true
    if hasExtended && !(removing && hasCreated) {
      isComplete = (try? descriptor!.value.resize(to: originalSize)) != nil
    }
    if removing && hasCreated { isComplete = removeName() && isComplete }
    if removing && existed { isComplete = holdsNothingNew && isComplete }
    hasExtended = false
    return isComplete
  }

  /// Whether an undo left nothing that was not there before.
  private var holdsNothingNew: Bool {
    let now = try? FilePresence.of(descriptor!.value, fileSystem.kind, pageSize: pageSize, length: length)
    return now.map { $0.extents.bytes <= present.bytes } ?? false
  }

  /// What was read in to be looked at.
  func dropCached() {
    guard isOnDisk, descriptor != nil else { return }
    let before = cachedBefore ?? Extents()
    for gap in before.gaps(in: 0..<length).ranges { drop(gap) }
  }

  /// What the kernel is still reading ahead stays: another try, a moment later. mincore(2) would not tell of it.
  private func drop(_ gap: Range<Int>) {
    let file = descriptor!.value.number
    for _ in 0..<20 {
      try? FileRange.dropCache(file, gap.lowerBound, gap.count)
      guard let left = try? FileRange.cachedPages(file, gap.lowerBound, gap.count), left > 0 else { return }
      Clock.sleep(milliseconds: 5)
    }
  }

  /// Only while the name still means the file that is open here.
  private func removeName() -> Bool {
    guard let named = try? FileStatus.ofName(path), let made = try? descriptor!.value.status(),
      named.isSameFile(as: made)
    else { return false }
    return (try? removeFile(path)) != nil
  }
}
