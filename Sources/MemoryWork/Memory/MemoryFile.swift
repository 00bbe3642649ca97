internal import KTask
public import LinuxSystem

/// One FILE of a job: opened and locked, measured before it is touched, and put back as it was when asked. What is mapped of it
/// for a run is the run's (`MappedFiles`).
public final class MemoryFile {
  public let path: String
  public let fileSystem: FileSystemFacts
  public let existed: Bool
  let measure: FileMeasure
  /// What of it was there before.
  var before = FilePresence()
  /// nil: where the kernel puts it.
  public private(set) var placement: Placement?
  /// Its node tasks; one of no node where it is not placed.
  private(set) var parts: [Span]

  /// Who may cancel what is looked at.
  let monitor: TaskMonitor?
  /// Where its name is; nil: it has none.
  let place: Owned<FilePlace>?
  /// For reading before the work, for writing from then on; nil while there is none.
  var descriptor: Owned<FileDescriptor>?
  var isOpenForWriting = false
  /// How it was when it was looked at; nil: it is new.
  let looked: FileStatus?
  var isListening = false
  /// Hears of others who open it; nil where they may have changed it before that.
  var watch: Owned<OpenWatch>?
  /// Huge pages are asked for where the kernel gives them to whom asks (MADV_HUGEPAGE).
  public private(set) var isTransparent: Bool
  var hasExtended = false
  var hasCreated = false
  /// What is kept for it in a stock; nil: it is made.
  var reserved: ReservedFile?
  /// nil: it was not to come from a stock.
  public internal(set) var source: FileSource?
  /// Its path in a stock, once the work has made it one of the stock's files; nil: it is none.
  public internal(set) var pathInStock: String?
  /// Whose it is to be if it is made. One that is there already is left as it is.
  public var rightsIfMade = FileRights()
  /// The running process whose memory it is, and what the kernel calls it there; nil: it was named by its path.
  public internal(set) var owner: Owned<RunningProcess>?
  public internal(set) var ownersName: String?
  /// Where that process's pages come from; nil: from the nearest node.
  var ownersPolicy: ProcessPolicies.Policy?

  /// Opens and locks the file, or, where there is none and `creating`, looks at its directory; changes nothing.
  /// `size` nil: the file's own, which must be something unless it `mayBeEmpty`; more than that is for `creating` only.
  /// `named`: those that came before it.
  public init(
    _ path: String, size wanted: Int?, creating: Bool, mayBeEmpty: Bool = false,
    beside named: NamedFiles = NamedFiles(), _ looking: Looking = Looking()
  ) throws(MemoryError) {
    try looking.monitor?.check(path)
    let place = try Self.place(of: path, orMissing: !creating)
    let opened = try Self.find(in: place.value, path)
    if opened == nil && !creating { throw MemoryError(.missing, path: path) }
    try named.add(opened, at: place.value, path)
    fileSystem = try Self.fileSystem(of: opened, or: place.value, path)
    try Self.checkRights(opened, in: place.value, path)
    if let opened { try Self.claim(opened.value, path) }
    looked = try opened.map { file throws(MemoryError) in try Self.status(of: file.value, path) }
    let original = looked?.size ?? 0
    guard let asked = wanted ?? (original > 0 || mayBeEmpty ? original : nil) else {
      throw MemoryError(.noSize, path: path)
    }
    if !creating && asked > original { throw MemoryError(.beyondEnd(size: original), path: path) }
    measure = try FileMeasure(asked, of: original, on: fileSystem, .resize, path)
    self.path = path
    self.place = place
    existed = opened != nil
    descriptor = opened
    monitor = looking.monitor
    isTransparent = false
    parts = measure.whole
    before = try presence(isMaking: looking.isMaking, looking)
  }

  /// A file without a name, of `size` bytes, that is open already; `isTransparent`: in transparent huge pages.
  init(unnamed file: Owned<FileDescriptor>, size wanted: Int, isTransparent: Bool) throws(MemoryError) {
    path = Self.memfd
    monitor = nil
    place = nil
    looked = nil
    existed = true
    fileSystem = try attempting(.inspect, path) { () throws(Errno) in try file.value.fileSystem() }
    measure = try FileMeasure(wanted, of: 0, on: fileSystem, .resize, path)
    parts = measure.whole
    self.isTransparent = isTransparent
    descriptor = file
    isOpenForWriting = true
  }

  /// Opens a file to look at its first `size` bytes, or all of it: not locked, so that nobody who works on it or has it
  /// mapped is disturbed.
  public init(
    lookingAt path: String, size wanted: Int?, beside named: NamedFiles = NamedFiles(), _ looking: Looking = Looking()
  ) throws(MemoryError) {
    try looking.monitor?.check(path)
    let place = try Self.place(of: path, orMissing: true)
    guard let opened = try Self.find(in: place.value, path) else { throw MemoryError(.missing, path: path) }
    try named.add(opened, at: place.value, path)
    fileSystem = try Self.fileSystem(of: opened, or: place.value, path)
    try Self.refusePseudo(fileSystem, path)
    let original = try Self.status(of: opened.value, path).size
    measure = try FileMeasure(min(original, wanted ?? original), of: original, on: fileSystem, .inspect, path)
    self.path = path
    self.place = place
    monitor = looking.monitor
    looked = nil
    existed = true
    isTransparent = false
    parts = measure.whole
    descriptor = opened
    before = try presence(isMaking: false, looking)
  }

  /// Files of a pseudo file system have what the kernel makes up while they are read: they say that they are empty, and are not.
  func refusePseudo() throws(MemoryError) { try Self.refusePseudo(fileSystem, path) }

  private static func refusePseudo(_ fileSystem: FileSystemFacts, _ path: String) throws(MemoryError) {
    if fileSystem.kind.isPseudo { throw MemoryError(.wrongFileSystem(fileSystem.kind.rawValue), path: path) }
  }

  private static func status(of file: borrowing FileDescriptor, _ path: String) throws(MemoryError) -> FileStatus {
    try attempting(.inspect, path) { () throws(Errno) in try file.status() }
  }

  /// What the file has now, of what the job covers; `mapping`: one of all of that, if there is one.
  func presence(
    isMaking: Bool, _ looking: Looking, mapping: Owned<Mapping>? = nil
  ) throws(MemoryError) -> FilePresence {
    guard let descriptor else { return FilePresence() }
    let subject = FileScan.Subject(
      file: descriptor, fileSystem: fileSystem, pageSize: pageSize, length: length, path: path)
    return try FilePresence.of(subject, mapping: mapping, isMaking: isMaking, looking)
  }

  /// Shares it out among nodes, as far as they have pages; before `checks` and the work. Pages that are there are not
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
  func refuseWrongNodes(_ placement: Placement, _ looking: Looking) throws(MemoryError) {
    guard let descriptor, presentIsExact, let within = present.hull?.upperBound else { return }
    // not more, and not to be written: hugetlbfs makes a file as long as its longest writable mapping
    let seen = try attempting(.map, path) { () throws(Errno) in
      Owned(try Mapping.shared(descriptor.value, within, writable: false, reserving: false))
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
}
