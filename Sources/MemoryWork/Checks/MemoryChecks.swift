internal import LinuxSystem

/// What must hold before memory is made: arithmetic on facts that a table tests.
extension MachineFacts {
  /// Base or transparent huge pages: memory with the page tables that map it, in the machine and in the cgroup.
  func memoryChecks(_ bytes: Int, path: String? = nil) -> [Check] {
    if bytes == 0 { return [] }
    return [Check(.memory, need: Self.withPageTables(bytes), memory, path: path, have: Self.available)]
      + cgroupChecks(bytes, pageSize: MemoryInfo.basePageSize, path: path)
  }

  private static func withPageTables(_ bytes: Int) -> Int {
    bytes +| bytes / 512
  }

  /// What the process's control groups leave, for pages of a pool or of memory.
  func cgroupChecks(_ bytes: Int, pageSize: Int, path: String? = nil) -> [Check] {
    if bytes == 0 { return [] }
    if pageSize > MemoryInfo.basePageSize {
      // each pool that is known was asked for
      let headroom = cgroupHugePages[pageSize] ?? pools.map { _ in nil }
      return groupChecks(headroom, hiddenHugetlbLimits, need: bytes, path) {
        .cgroupHugePages(size: pageSize, path: $0)
      }
    }
    let need = Self.withPageTables(bytes)
    return groupChecks(cgroupMemory, hiddenMemoryLimits, need: need, path) { .cgroupMemory(path: $0) }
  }

  /// Of the groups in sight, and of those that are not.
  private func groupChecks(
    _ headroom: Fact<ControlGroup.Headroom?>, _ hidden: Unreadable?, need: Int, _ path: String?,
    what: (String) -> Check.What
  ) -> [Check] {
    var checks: [Check] = []
    switch headroom {
    case .success(let group?): checks = [Check(what(group.path), need: need, have: group.bytes, path: path)]
    case .success(nil): break
    case .failure(let unread): checks = [Check(what("of this process"), need: need, notMade: unread, path: path)]
    }
    if let hidden { checks.append(Check(what("out of sight"), need: need, notMade: hidden, path: path)) }
    return checks
  }

  /// Memory bound to one node, of base pages or of a pool's.
  func nodeChecks(
    _ bytes: Int, on node: Int, pageSize: Int, path: String? = nil, own: Fact<Int> = .success(0)
  ) -> [Check] {
    if bytes == 0 { return [] }
    if pageSize > MemoryInfo.basePageSize { return poolChecks(bytes, on: node, pageSize, path, own) }
    // a kernel that knows no nodes is to say it
    if nodes.known?.isEmpty == true { return [] }
    return [
      Check(.nodeMemory(node: node), need: Self.withPageTables(bytes), nodes, path: path) { $0.available(on: node) }
    ]
  }

  /// Pages of a pool. Of the pages that it has promised, `own` bytes are promised to these.
  func hugePageChecks(
    _ bytes: Int, pageSize: Int, path: String? = nil, own: Fact<Int> = .success(0)
  ) -> [Check] {
    if bytes == 0 { return [] }
    return poolChecks(bytes, on: nil, pageSize, path, own) + cgroupChecks(bytes, pageSize: pageSize, path: path)
  }

  func lockChecks(_ bytes: Int) -> [Check] { limitChecks(.lockLimit, bytes, lockable) }

  func fileSizeChecks(_ size: Int, path: String) -> [Check] {
    limitChecks(.fileSizeLimit, size, fileSizeLimit, path: path)
  }

  /// A limit on the process; nothing where there is none.
  func limitChecks(_ what: Check.What, _ need: Int, _ limit: Fact<Int?>, path: String? = nil) -> [Check] {
    switch limit {
    case .success(nil): []
    case .success(let have?): [Check(what, need: need, have: have, path: path)]
    case .failure(let unread): [Check(what, need: need, notMade: unread, path: path)]
    }
  }
}

extension [NodeMemory] {
  /// Bytes that may be had on a node without taking the last of it; a node without memory is not listed.
  func available(on node: Int) -> Int { first { $0.number == node }.map(MachineFacts.available) ?? 0 }
}
