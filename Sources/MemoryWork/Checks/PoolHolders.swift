public import KTask
internal import LinuxSystem

/// Who has pages of a pool: processes that have the same files, or nobody any more.
public struct PoolHolder: Equatable, Sendable {
  /// The first few; none: its files were left behind.
  public var users: [FileUser] = []
  public var userCount = 0
  /// What they have of the pool, and what is promised to them.
  public var bytes = 0
  /// The largest of their files, as the kernel calls it.
  public var name = ""
  public var fileCount = 0

  /// Of so many that they would fill a screen the largest are named.
  private static let mostNamed = 3

  /// Who has most of a pool's pages, as far as /proc and the mounts of hugetlbfs tell; `own`: files that are not meant.
  public static func of(pageSize: Int, besides own: [MemoryFile], _ monitor: TaskMonitor?) -> [PoolHolder] {
    let search = HolderSearch(pageSize, own.compactMap { $0.descriptor }.compactMap { try? $0.value.status().id })
    _ = aside(monitor) { search.run(isLeft: $0) }
    let groups = search.holdings.groups(pageSize)
    return groups.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }.prefix(mostNamed).map(\.named)
  }
}

/// What was found of a pool's files.
private struct Holdings {
  struct File {
    var name: String
    var bytes = 0
    /// To where it is mapped, shared: on hugetlbfs that much is promised.
    var mappedEnd = 0
    /// What is mapped otherwise: pages that are each process's own.
    var ownBytes = 0
    var users = Set<Int>()
  }
  struct Group {
    var processes: [Int] = []
    var files: [(name: String, bytes: Int)] = []
    var bytes = 0
    var name: String { files.max { ($0.bytes, $1.name) < ($1.bytes, $0.name) }?.name ?? "" }

    var named: PoolHolder {
      PoolHolder(
        users: FileUser.named(processes), userCount: processes.count, bytes: bytes, name: name, fileCount: files.count)
    }
  }
  var files: [FileID: File] = [:]
  /// Left behind, by the mount that they lie on.
  var leftBehind: [String: [FileID: HugePageMount.File]] = [:]

  mutating func add(_ file: ProcessFile) {
    var known = files[file.id] ?? File(name: file.name)
    known.users.insert(file.process)
    known.bytes = max(known.bytes, file.allocatedBytes ?? 0)
    switch file.use {
    case .open: break
    case .mapped(let range, isShared: true): known.mappedEnd = max(known.mappedEnd, range.upperBound)
    case .mapped(let range, isShared: false): known.ownBytes +|= range.count
    }
    files[file.id] = known
  }

  func groups(_ pageSize: Int) -> [Group] {
    let hasPromises = (try? HugePagePool.of(pageSize: pageSize)?.reserved ?? 0) != 0
    var groups: [[Int]: Group] = [:]
    for file in files.values {
      let users = file.users.sorted()
      var own = file.ownBytes
      if own > 0 && !hasPromises {
        own = min(own, users.reduce(0) { max($0, ProcessStatus.hugePageBytes(of: $1) ?? 0) })
      }
      let bytes = max(file.bytes, hasPromises ? file.mappedEnd : 0, own)
      groups[users, default: Group(processes: users)].add(file.name, bytes)
    }
    return groups.values.filter { $0.bytes > 0 }
      + leftBehind.values.map { files in
        var group = Group()
        for file in files.values { group.add(file.path, file.allocatedBytes) }
        return group
      }
  }
}

extension Holdings.Group {
  fileprivate mutating func add(_ name: String, _ more: Int) {
    files.append((name, more))
    bytes +|= more
  }
}

private final class HolderSearch: Sendable {
  private let pageSize: Int
  private let own: Set<FileID>
  private let state = Guarded(Holdings())

  init(_ pageSize: Int, _ own: [FileID]) {
    self.pageSize = pageSize
    self.own = Set(own)
  }

  var holdings: Holdings { state.withLock { $0 } }

  func run(isLeft: @escaping () -> Bool) {
    var devices = Set(HugePageMount.everywhere().filter { $0.pageSize == pageSize }.map(\.device))
    if let hidden = HugePageMount.hidden(pageSize: pageSize) { devices.insert(hidden.device) }
    _ = ProcessFiles.visit(isStopped: isLeft, isWanted: { devices.contains($0.device) }, found: add)
    for mount in (try? HugePageMount.all()) ?? [] where mount.pageSize == pageSize {
      mount.forEachFile(isStopped: isLeft) { self.addLeft($0, mount.path) }
    }
  }

  private func add(_ file: ProcessFile) {
    if file.isOwn || own.contains(file.id) { return }
    state.withLock { $0.add(file) }
  }

  /// What a process has was found before.
  private func addLeft(_ file: HugePageMount.File, _ mount: String) {
    if own.contains(file.id) { return }
    state.withLock { found in
      if found.files[file.id] == nil { found.leftBehind[mount, default: [:]][file.id] = file }
    }
  }
}

extension MemoryError {
  /// The same with a look at who has the pages, where a pool had too few.
  public func namingHolders(besides own: [MemoryFile], _ monitor: TaskMonitor?) -> MemoryError {
    guard let size = shortPool else { return self }
    var error = self
    error.holders = PoolHolder.of(pageSize: size, besides: own, monitor)
    return error
  }

  /// The page size of the pool that has too few.
  private var shortPool: Int? {
    switch cause {
    case .short(let check):
      switch check.what {
      case .hugePages(let size, _), .nodeHugePages(let size, _, _): return size
      default: return nil
      }
    case .poolShort: return pageSize
    case .failed(_, .fault), .failed(_, .noSpace), .failed(_, .noMemory):
      return poolFree == nil ? pageSize.flatMap { $0 > MemoryInfo.basePageSize ? $0 : nil } : nil
    default: return nil
    }
  }
}
