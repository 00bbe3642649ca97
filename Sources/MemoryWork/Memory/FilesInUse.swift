public import KTask
internal import LinuxSystem

/// A process that has a file, or pages of a pool.
public struct FileUser: Hashable, Sendable {
  /// Its number, as /proc has it.
  public var process: Int
  /// What it is called (`comm`); nil where it has gone meanwhile.
  public var name: String?

  public init(process: Int, name: String?) {
    self.process = process
    self.name = name
  }

  /// Of so many that they would fill a screen the first few are named.
  static let mostNamed = 3

  static func named(_ processes: [Int]) -> [FileUser] {
    processes.prefix(mostNamed).map { FileUser(process: $0, name: ProcessFiles.name(of: $0)) }
  }
}

/// FILEs whose content is about to go, and who else has them open or mapped.
public struct FilesInUse: Hashable, Sendable {
  /// Those that somebody has, as they are named.
  public var paths: [String] = []
  /// Who has them: those that map one first, and no more than three. None: /proc names nobody.
  public var users: [FileUser] = []
  /// Of how many.
  public var userCount = 0
  /// Whether one of those that are named maps it, and does not only have it open.
  public var isMapped = false

  public init() {}
}

extension FilesInUse {
  /// Whether anybody else has them. A write lease tells it exactly, where it may be had; else all processes are looked at,
  /// and where not all can be seen, that is said.
  public static func check(_ files: [MemoryFile], _ monitor: TaskMonitor?) throws(MemoryError) -> Check {
    // for all together, however many there are
    let end = Clock.now() + 50_000_000
    let suspects = try files.map { file throws(MemoryError) in try Suspect(file, by: end) }.compactMap(\.self)
    if suspects.isEmpty { return Check(.alone(FilesInUse())) }
    let search = UserSearch(suspects.map(\.id))
    let unseen = search.run(monitor)
    try monitor?.check(files.first?.path)
    let found = search.found
    let inUse = suspects.filter { found.hasUser($0, unseen: unseen) == true }
    if !inUse.isEmpty { return Check(.alone(FilesInUse(inUse, found)), path: inUse[0].file.path) }
    if let unseen, suspects.contains(where: { found.hasUser($0, unseen: unseen) == nil }) {
      return Check(.alone(FilesInUse()), need: 0, notMade: unseen, path: suspects[0].file.path)
    }
    return Check(.alone(FilesInUse()))
  }

  /// Throws where somebody is known to have them: right before their content goes.
  static func refuse(_ files: [MemoryFile]) throws(MemoryError) {
    let check = try check(files, files.first?.monitor)
    if !check.isMet { throw MemoryError(.short(check), path: check.path) }
  }

  /// Who has what is open here but this process.
  enum Company: Equatable {
    case nobody, others
    /// Nobody among those that could be seen.
    case unknown(Unreadable)
  }

  static func company(of file: borrowing FileDescriptor, _ monitor: TaskMonitor?) -> Company {
    let id: FileID
    do throws(Errno) { id = try file.status().id } catch { return .unknown(Unreadable("fstat(2)", error)) }
    let search = UserSearch([id])
    let unseen = search.run(monitor)
    let found = search.found
    if found.users[id] != nil || found.own[id, default: 0] > 1 { return .others }
    return unseen.map { .unknown($0) } ?? .nobody
  }

  private init(_ files: [Suspect], _ found: UserSearch.Found) {
    paths = files.map(\.file.path)
    var maps: [Int: Bool] = [:]
    for file in files { maps.merge(found.users[file.id] ?? [:]) { $0 || $1 } }
    let order = maps.sorted { ($0.value ? 0 : 1, $0.key) < ($1.value ? 0 : 1, $1.key) }
    users = FileUser.named(order.map(\.key))
    userCount = order.count
    isMapped = order.first?.value ?? false
  }
}

extension FileDescriptor {
  /// Who has the file that is open here, as a lease tells it, by a time at the latest: who only looks whether it is locked has it
  /// for a moment, or for as long as he has to wait for a CPU.
  func settledOpeners(by end: UInt64) -> FileRange.Openers {
    while true {
      let openers = FileRange.openers(number)
      if openers != .others || Clock.now() >= end { return openers }
      Clock.sleep(milliseconds: 1)
    }
  }
}

/// A file that a lease does not tell to be this process's alone.
private struct Suspect {
  let file: MemoryFile
  let id: FileID
  /// A lease was refused because somebody has it, which may be this process by another descriptor.
  let isTaken: Bool

  init?(_ file: MemoryFile, by end: UInt64) throws(MemoryError) {
    guard let descriptor = file.descriptor else { return nil }
    switch descriptor.value.settledOpeners(by: end) {
    case .onlyThis: return nil
    case .others: isTaken = true
    case .notTold: isTaken = false
    }
    self.file = file
    id = try attempting(.inspect, file.path) { () throws(Errno) in try descriptor.value.status().id }
  }
}

/// Looks at all processes for those that have some files, in one pass however many files there are.
private final class UserSearch: Sendable {
  struct Found {
    /// Of each file the processes that have it, and whether they map it.
    var users: [FileID: [Int: Bool]] = [:]
    /// Descriptors of this process for it.
    var own: [FileID: Int] = [:]

    /// nil: not known.
    func hasUser(_ file: Suspect, unseen: Unreadable?) -> Bool? {
      if users[file.id] != nil { return true }
      // what refuses the lease is a descriptor that this process was started with
      let isOwn = own[file.id, default: 0] > 1
      if file.isTaken && !isOwn { return true }
      return unseen == nil ? false : nil
    }
  }
  private let wanted: Set<FileID>
  private let inodes: Set<UInt64>
  private let state = Guarded(Found())
  private let unseen = Guarded<Unreadable?>(Unreadable("/proc", .timedOut))

  init(_ files: [FileID]) {
    wanted = Set(files)
    inodes = Set(files.map(\.inode))
  }

  var found: Found { state.withLock { $0 } }

  /// nil: every process was seen.
  func run(_ monitor: TaskMonitor?) -> Unreadable? {
    _ = aside(monitor) { isLeft in
      // by the inode alone: a memory map's device may be another
      let unseen = ProcessFiles.visit(
        isStopped: isLeft, isWanted: { self.inodes.contains($0.inode) }, found: self.add)
      self.unseen.withLock { $0 = unseen }
    }
    return unseen.withLock { $0 }
  }

  private func add(_ file: ProcessFile) {
    if !wanted.contains(file.id) { return }
    let isMapped = file.use != .open
    state.withLock { found in
      if !file.isOwn {
        found.users[file.id, default: [:]].merge([file.process: isMapped]) { $0 || $1 }
      } else if !isMapped {
        found.own[file.id, default: 0] += 1
      }
    }
  }
}
