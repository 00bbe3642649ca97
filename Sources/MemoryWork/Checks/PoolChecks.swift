internal import LinuxSystem

/// What pools of huge pages must have, counted as the kernel does: free pages that nobody was promised; those that are
/// promised to who asks; and surplus pages, which are no memory until they are made of what is available.
extension MachineFacts {
  func poolChecks(_ bytes: Int, on node: Int?, _ pageSize: Int, _ path: String?, _ own: Fact<Int>) -> [Check] {
    func what(_ total: Int) -> Check.What {
      node.map { .nodeHugePages(size: pageSize, node: $0, total: total) } ?? .hugePages(size: pageSize, total: total)
    }
    switch pools {
    case .failure(let unread): return [Check(what(0), need: bytes, notMade: unread, path: path)]
    case .success(let pools):
      guard let pool = pools.first(where: { $0.pageSize == pageSize }) else { return [] }
      let part = node.map { pool.part(of: $0) }
      let what = what(part?.total ?? pool.total)
      func check(_ own: Int) -> Check {
        Check(what, need: bytes, supply: pool.supply(on: part, own: own / pageSize), of: pool, path: path)
      }
      guard case .failure(let unread) = own, !check(0).isMet else { return [check(own.known ?? 0)] }
      return [Check(what, need: bytes, notMade: unread, path: path)]
    }
  }

  /// The same checks, and those of the memory that surplus pages would be made of: none of theirs is there yet.
  public func withSurplus(_ checks: [Check]) -> [Check] { total([checks, surplusChecks(checks)]) }

  private func surplusChecks(_ checks: [Check]) -> [Check] {
    checks.flatMap { check -> [Check] in
      let bytes = check.surplusBytes
      if bytes == 0 { return [] }
      let all = Check(.memory, need: bytes, memory, path: check.path, have: Self.available)
      guard case .nodeHugePages(_, let node, _) = check.what, nodes.known?.isEmpty != true else { return [all] }
      return [all, Check(.nodeMemory(node: node), need: bytes, nodes, path: check.path) { $0.available(on: node) }]
    }
  }
}

extension HugePagePool {
  /// A node that the pool does not list has none of its pages.
  fileprivate func part(of node: Int) -> Node {
    nodes.first { $0.number == node } ?? Node(number: node, total: 0, free: 0)
  }
}

extension Check {
  fileprivate init(
    _ what: What, need: Int, supply: HugePagePool.Supply, of pool: HugePagePool, path: String?
  ) {
    self.init(what, need: need, have: pool.bytes(supply.available), path: path)
    self.supply = supply
  }

  /// Bytes of its pages.
  private var pageSize: Int? {
    switch what {
    case .hugePages(let size, _), .nodeHugePages(let size, _, _): size
    default: nil
    }
  }

  /// The same for somebody who leaves so many pages to others; of what needs nothing, and of what is no pool, as it is.
  func leaving(_ pages: Int) -> Check {
    guard let pageSize, need > 0 else { return self }
    var check = self
    check.need +|= pages *| pageSize
    return check
  }

  /// Of what it needs, bytes that have to be made of available memory first, as many as may be.
  fileprivate var surplusBytes: Int {
    guard let supply, let pageSize else { return 0 }
    return max(0, min(need, have) - supply.ready *| pageSize)
  }

  /// Together with another one of the same stock.
  mutating func add(_ other: Check) {
    need +|= other.need
    parts += other.parts
    notMade = notMade ?? other.notMade
    have = max(have, other.have)
    guard let more = other.supply, let pageSize else { return }
    var supply = supply ?? more
    if self.supply != nil { supply.own += more.own }
    self.supply = supply
    have = (supply.available *| pageSize)
  }
}

/// Checks of several files or regions for the same thing count together: their needs add up.
func total(_ lists: [[Check]]) -> [Check] {
  var checks: [Check] = []
  var shared: [Check.What: Int] = [:]
  for check in lists.joined() {
    if let same = shared[check.what] {
      checks[same].add(check)
    } else {
      if check.what.isShared { shared[check.what] = checks.count }
      checks.append(check)
    }
  }
  return checks
}

extension Check.What {
  /// Whether several files draw on the same stock.
  fileprivate var isShared: Bool {
    switch self {
    case .memory, .cgroupMemory, .hugePages, .cgroupHugePages, .nodeMemory, .nodeHugePages: true
    case .space(_, let device): device != 0
    case .lockLimit, .fileSizeLimit, .addressSpaceLimit, .dataLimit, .commitLimit, .pieces, .alone: false
    }
  }
}
