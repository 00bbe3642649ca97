public import LinuxSystem

/// A pool of huge pages that is to become larger.
public struct PoolRaise: Equatable, Sendable {
  /// In bytes.
  public var pageSize: Int
  /// nil: wherever the kernel finds memory.
  public var node: Int?
  /// Pages more than there are.
  public var pages: Int

  public var bytes: Int { pages *| pageSize }

  public init(pageSize: Int, node: Int?, pages: Int) {
    self.pageSize = pageSize
    self.node = node
    self.pages = pages
  }

  /// What checks find missing in pools: arithmetic that a table tests. What is not asked of one node in particular is
  /// shared out among `nodes`, if there are such.
  static func missing(from checks: [Check], sharedBy nodes: NodeSet?) -> [PoolRaise] {
    checks.filter { !$0.isMet }.flatMap { check -> [PoolRaise] in
      switch check.what {
      case .nodeHugePages(let size, let node, _):
        return [PoolRaise(pageSize: size, node: node, pages: pages(check, size))]
      case .hugePages(let size, _):
        let pages = pages(check, size)
        guard let numbers = nodes?.numbers, !numbers.isEmpty else {
          return [PoolRaise(pageSize: size, node: nil, pages: pages)]
        }
        return numbers.enumerated().map { index, node in
          let share = pages / numbers.count + (index < pages % numbers.count ? 1 : 0)
          return PoolRaise(pageSize: size, node: node, pages: share)
        }.filter { $0.pages > 0 }
      default: return []
      }
    }
  }

  private static func pages(_ check: Check, _ size: Int) -> Int {
    (check.need -| check.have).pieces(of: size)
  }
}

/// Pages that a pool was to lose, and that could not be given back.
public struct KeptPages: Equatable, Sendable {
  public enum Why: Equatable, Sendable {
    /// Another process changes the pool, and did so for longer than an undo may wait.
    case isLocked
    /// By the kernel; nil: it says no error, and keeps them.
    case isRefused(Errno?)
    /// The kernel does not tell whether it is so.
    case isUnknown
    /// How many of them `--grow-pool` has raised is noted nowhere here.
    case isUncounted
  }
  /// By how much less of them the pool would be what it was.
  public var raise: PoolRaise
  /// Pages that the pool, or its node's part, has now; nil: not known.
  public var total: Int?
  public var why: Why

  /// What would be left of the pool without them.
  public var goal: Int? { total.map { max(0, $0 -| raise.pages) } }
}

extension Check {
  /// Whether raising a pool can help.
  public var isAboutPool: Bool {
    switch what {
    case .hugePages, .nodeHugePages: true
    default: false
    }
  }
}

extension MachineFacts {
  /// The memory that raised pools are made of, on the machine and on each node that is named.
  func checks(_ raises: [PoolRaise], path: String? = nil) -> [Check] {
    if raises.isEmpty { return [] }
    let all = Check(.memory, need: raises.map(\.bytes).sum(), memory, path: path, have: Self.available)
    let ofNodes = Set(raises.compactMap(\.node)).sorted().map { node in
      let need = raises.filter { $0.node == node }.map(\.bytes).sum()
      return Check(.nodeMemory(node: node), need: need, nodes, path: path) { $0.available(on: node) }
    }
    return [all] + ofNodes
  }
}
