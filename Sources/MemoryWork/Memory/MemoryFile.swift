internal import KTask
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
  /// What of it was there before.
  private(set) var before = FilePresence()
  /// nil: where the kernel puts it.
  public private(set) var placement: Placement?
  /// Its node tasks; one of no node where it is not placed.
  private(set) var parts: [Span]
  /// Where its pages lie; after a verified run.
  public internal(set) var bytesByNode: [Int: Int] = [:]

  /// Who may cancel what is looked at.
  let monitor: TaskMonitor?
  /// Where its name is; nil: it has none.
  let place: Owned<FilePlace>?
  /// For reading before the work, for writing from `begin` on.
  var descriptor: Owned<FileDescriptor>?
  private var isOpenForWriting = false
  /// How it was when it was looked at; nil: it is new.
  private var looked: FileStatus?
  private var isListening = false
  /// Hears of others who open it; nil where they may have changed it before that.
  private(set) var watch: Owned<OpenWatch>?
  var mapping: Owned<Mapping>?
  /// Huge pages are asked for where the kernel gives them to whom asks (MADV_HUGEPAGE).
  public private(set) var isTransparent = false
  var hasExtended = false
  var hasCreated = false

  /// Opens and locks the file, or, where there is none and `creating`, looks at its directory; changes nothing.
  /// `size` nil: the file's own, which must be something unless it `mayBeEmpty`; more than that is for `creating` only.
  /// `named`: those that came before it.
  public init(
    _ path: String, size wanted: Int?, creating: Bool, mayBeEmpty: Bool = false,
    beside named: NamedFiles = NamedFiles(),
    _ looking: Looking = Looking()
  ) throws(MemoryError) {
    self.path = path
    monitor = looking.monitor
    try monitor?.check(path)
    let place = try Self.place(of: path, orMissing: !creating)
    self.place = place
    let opened = try Self.find(in: place.value, path)
    existed = opened != nil
    if opened == nil && !creating { throw MemoryError(.missing, path: path) }
    try named.add(opened, at: place.value, path)
    fileSystem = try Self.fileSystem(of: opened, or: place.value, path)
    try Self.checkRights(opened, in: place.value, path)
    if let opened { try Self.claim(opened.value, path) }
    looked = try opened.map { file throws(MemoryError) in
      try attempting(.inspect, path) { () throws(Errno) in try file.value.status() }
    }
    originalSize = looked?.size ?? 0
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
    before = try presence(isMaking: looking.isMaking, looking)
  }

  /// A file without a name, of `size` bytes, that is open already; `isTransparent`: in transparent huge pages.
  init(unnamed file: Owned<FileDescriptor>, size wanted: Int, isTransparent: Bool) throws(MemoryError) {
    path = Self.memfd
    monitor = nil
    place = nil
    existed = true
    fileSystem = try attempting(.inspect, Self.memfd) { () throws(Errno) in try file.value.fileSystem() }
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
    isOpenForWriting = true
  }

  /// Opens a file to look at its first `size` bytes, or all of it: not locked, so that nobody who works on it or has it
  /// mapped is disturbed.
  public init(
    lookingAt path: String, size wanted: Int?, beside named: NamedFiles = NamedFiles(), _ looking: Looking = Looking()
  ) throws(MemoryError) {
    self.path = path
    monitor = looking.monitor
    try monitor?.check(path)
    let place = try Self.place(of: path, orMissing: true)
    self.place = place
    guard let opened = try Self.find(in: place.value, path) else { throw MemoryError(.missing, path: path) }
    try named.add(opened, at: place.value, path)
    existed = true
    fileSystem = try Self.fileSystem(of: opened, or: place.value, path)
    originalSize = try attempting(.inspect, path) { () throws(Errno) in try opened.value.status().size }
    size = originalSize
    askedBytes = min(originalSize, wanted ?? originalSize)
    pageSize = fileSystem.kind == .hugetlbfs ? fileSystem.blockSize : MemoryInfo.basePageSize
    guard let length = rounded(askedBytes, up: pageSize) else {
      throw MemoryError(.failed(.inspect, .fileTooBig), path: path)
    }
    self.length = length
    parts = [Span(region: 0, range: 0..<length)]
    descriptor = opened
    before = try presence(isMaking: false, looking)
  }

  /// What the file has now, of what the job covers.
  func presence(isMaking: Bool, _ looking: Looking) throws(MemoryError) -> FilePresence {
    guard let descriptor else { return FilePresence() }
    return try FilePresence.of(
      descriptor.value, on: fileSystem, pageSize: pageSize, length: length, mapping: mapping, isMaking: isMaking,
      looking, path)
  }

  /// Shares it out among nodes, as far as they have pages; before `checks` and `begin`. Pages that are there are not
  /// moved: bound to other nodes than theirs, the file is refused. `looking`: how threads look for that.
  public func place(
    _ placement: Placement, _ stock: inout NodeStock, _ looking: Looking
  ) throws(MemoryError) {
    if isOnDisk { throw MemoryError(.noPlacement(fileSystem.kind.rawValue), path: path) }
    self.placement = placement
    if placement.policy == .bind { try refuseWrongNodes(placement, looking) }
    parts = placement.parts(
      of: 0, length: length, missing: present.gaps(in: 0..<length), pageSize: pageSize, alignment: alignment, &stock)
  }

  /// Looks at what is there already, as far as that is known: reading a page that is not there would make one.
  private func refuseWrongNodes(_ placement: Placement, _ looking: Looking) throws(MemoryError) {
    guard presentIsExact, let within = present.hull?.upperBound else { return }
    // not more, and not to be written: hugetlbfs makes a file as long as its longest writable mapping
    let seen = try attempting(.map, path) { () throws(Errno) in
      Owned(try Mapping.shared(descriptor!.value, within, writable: false, reserving: false))
    }
    let recipe = Recipe(pages: Memory.canPopulate ? .populate : .touch, writing: false)
    let region = Region(address: seen.value.address, length: within, pageSize: pageSize, recipe: recipe)
    let table = RegionTable([region], present: [present])
    let control = looking.control.forMemory(alignment: pageSize)
    try table.checkNodes(
      present.ranges.map { Span(region: 0, range: $0) }, [placement], control, looking.monitor, wereThere: true,
      path: { _ in path })
    withExtendedLifetime(seen) {}
  }

  /// Asks for transparent huge pages; false where its file system has none.
  public func wantTransparent() throws(MemoryError) -> Bool {
    guard fileSystem.kind == .tmpfs, let device = device else { return false }
    isTransparent = try requiring(path) { () throws(Unreadable) in try TransparentHugePages.isOn(device: device) }
    return isTransparent
  }

  /// The number of the device that it is on; of a file that is not there yet, that its directory is on.
  var device: UInt64? {
    do throws(Errno) {
      if let descriptor { return try descriptor.value.status().device }
      return try place?.value.directoryStatus().device
    } catch {
      return nil
    }
  }

  // MARK: working

  /// Makes the file if need be, gives it its size and maps it. On hugetlbfs nothing is reserved: pages promised to a
  /// file stay promised, whatever becomes of the run, until they are made or the file is cut.
  func begin(_ watch: Owned<OpenWatch>?) throws(MemoryError) {
    if descriptor == nil { try create() }
    if !isOpenForWriting { try openForWriting() }
    if !isListening { listen(by: watch) }
    let sizeNow = try attempting(.inspect, path) { () throws(Errno) in try descriptor!.value.status().size }
    if sizeNow < size {
      hasExtended = true
      try attempting(.resize, path) { () throws(Errno) in try descriptor!.value.resize(to: size) }
    }
    try map()
  }

  /// From now on others are heard of that open it. Who has it open already is not, nor who has changed it since it was looked
  /// at: then nobody knows what of it is whose.
  private func listen(by watch: Owned<OpenWatch>?) {
    isListening = true
    guard let watch, let file = descriptor, (try? watch.value.add(file.value)) != nil,
      let now = try? file.value.status(), FileRange.openers(file.value.number) == .onlyThis
    else { return }
    let isAsLooked = looked.map { $0 == now } ?? (now.size == 0 && now.allocatedBytes == 0)
    if isAsLooked { self.watch = watch }
  }

  /// From here on there is somebody who puts it back. The lock goes with the descriptor that has it: another ktaskctl may be
  /// quicker to take it again, and then is at work.
  func openForWriting() throws(MemoryError) {
    guard !isOpenForWriting, let place, let found = descriptor else { return }
    let writable = try attempting(.open, path) { () throws(Errno) in
      Owned(try place.value.open(found.value, .readWrite))
    }
    try attempting(.lock, path) { () throws(Errno) in try found.value.unlock() }
    descriptor = nil
    try Self.claim(writable.value, path)
    descriptor = writable
    isOpenForWriting = true
  }

  private func map() throws(MemoryError) {
    do throws(Errno) {
      mapping = Owned(try Mapping.shared(descriptor!.value, length, reserving: false))
    } catch {
      throw .mapping(error, path: path, bytes: length, pageSize: pageSize)
    }
    try attempting(.advise, path) { () throws(Errno) in
      // before the first touch; later it would come too late
      if isTransparent { try Memory.adviseHuge(mapping!.value.address, length, true) }
    }
    try attempting(.place, path) { () throws(Errno) in
      try placement?.apply(to: parts, at: mapping!.value.address, length: length)
    }
  }

  /// What was made is ours to remove from the moment that it is there, unless another ktaskctl was quicker to work on it.
  private func create() throws(MemoryError) {
    guard let place else { return }
    do throws(Errno) {
      descriptor = Owned(try place.value.create())
    } catch {
      // made meanwhile by another ktaskctl, which then is at work on it
      if error == .exists, let made = try Self.find(in: place.value, path) { try Self.claim(made.value, path) }
      throw MemoryError(.failed(.create, error), path: path)
    }
    hasCreated = true
    isOpenForWriting = true
    do throws(MemoryError) {
      try Self.claim(descriptor!.value, path)
    } catch {
      if error.cause == .busy { hasCreated = false }
      throw error
    }
  }

  /// Lets others work on it, while this process only keeps it: it has it neither open nor mapped any more, but by a
  /// descriptor that only names it, so that a memfd does not go.
  public func letGo() {
    guard let file = descriptor else { return }
    do throws(Errno) {
      let name = Owned(try FileDescriptor.open("/proc/self/fd/\(file.value.number)", [.pathOnly, .followLinks]))
      mapping = nil
      descriptor = name
    } catch {
      try? file.value.unlock()
    }
  }

  /// For chunks; after `begin`.
  func region(_ recipe: Recipe) -> Region {
    var region = Region(
      address: mapping!.value.address, length: length, pageSize: pageSize, file: descriptor!.value.number,
      fileSize: size, recipe: recipe)
    region.watch = watch?.value.number ?? -1
    return region
  }

  /// Proves that every page is ready, in the same sense as it was looked for: in memory and cleared, on disk with its block.
  func verifyReady(_ looking: Looking) throws(MemoryError) {
    let now = try presence(isMaking: true, looking)
    guard let ready = now.readyBytes else { throw MemoryError(.unknownResidency, path: path) }
    if ready < length { throw MemoryError(.notResident(bytes: length - ready), path: path, pageSize: pageSize) }
    if !isOnDisk { return }
    let blocks = now.isExact ? now.present.bytes : now.allocatedBytes
    if blocks < length { throw MemoryError(.notAllocated(bytes: length - blocks), path: path) }
  }
}

/// What was there before.
extension MemoryFile {
  /// A file system that keeps its files on disk: its memory is the page cache.
  public var isOnDisk: Bool { fileSystem.kind != .hugetlbfs && fileSystem.kind != .tmpfs }

  /// What an undo leaves: pages; on disk, blocks.
  public var present: Extents { before.present }
  public var presentIsExact: Bool { before.isExact }

  /// Bytes without memory (on disk: without blocks). Where that is not known exactly, those that it lacks for certain.
  public var missingBytes: Int {
    presentIsExact ? length - present.bytes : max(0, length - before.allocatedBytes)
  }

  /// Bytes that were ready before, of those that the job covers: in memory and cleared. nil: not known.
  public var residentBefore: Int? { before.readyBytes }

  /// Bytes that need memory, as far as is known: what is allocated and only not cleared has it.
  var bytesToAllocate: Int { before.residentBytes.map { length - $0 } ?? missingBytes }
}
