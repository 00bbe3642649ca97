import LinuxSystem
import MemoryWork

extension Check {
  /// Why it is not met.
  var sentence: String { ofAll + (path != nil && parts > 1 ? ", with \((parts - 1).counted("other FILE"))" : "") }

  private var ofAll: String {
    let (need, have) = (ByteSize.text(need), ByteSize.text(have))
    switch what {
    case .memory: return "needs \(need) of memory with its page tables, \(have) are available"
    case .cgroupMemory(let group):
      return "needs \(need) of memory with its page tables, cgroup \(group) has \(have) left"
    case .hugePages(let size, _):
      return "\(need) needs \(pages(size, "free ")), \(free(size))"
    case .cgroupHugePages(let size, let group):
      return
        "\(need) needs \(pages(size)), cgroup \(group) may have \(self.have / size) more"
    case .nodeMemory(let node):
      return "needs \(need) of memory with its page tables on node \(node), \(have) are available there"
    case .nodeHugePages(let size, let node, _):
      return
        "\(need) needs \(pages(size, "free ")) on node \(node), \(free(size))"
    case .space(let fileSystem, _): return "needs \(need) more on its \(fileSystem), which has \(have) left"
    case .lockLimit: return "needs \(need) of locked memory, the limit (RLIMIT_MEMLOCK) leaves \(have)"
    case .commitLimit:
      return "needs \(need) that nobody was promised yet (vm.overcommit_memory=2), \(have) are left"
    case .pieces(let pieces): return "needs \(self.need) \(pieces), \(self.have) are possible"
    case .fileSizeLimit: return "is to have \(need), the limit for files (RLIMIT_FSIZE) is \(have)"
    case .addressSpaceLimit: return "needs \(need) of address space, the limit (RLIMIT_AS) leaves \(have)"
    case .dataLimit: return "needs \(need) of memory of its own, the limit (RLIMIT_DATA) leaves \(have)"
    case .alone(let use): return use.sentence
    }
  }

  /// "0 are free; promised to others: 128".
  private func free(_ size: Int) -> String {
    guard let supply else { return "\(have / size) are free" }
    let parts = [
      "\(supply.ready) are free",
      supply.promisedToOthers > 0 ? "promised to others: \(supply.promisedToOthers)" : nil,
      supply.surplus > 0 ? "may be made of memory besides (nr_overcommit_hugepages): \(supply.surplus)" : nil,
    ]
    return parts.compactMap(\.self).joined(separator: "; ")
  }

  /// "1 free 2 MiB page".
  private func pages(_ size: Int, _ free: String = "") -> String {
    "\(need / size) \(free)\(ByteSize.text(size)) \(need / size == 1 ? "page" : "pages")"
  }

  /// What helps whoever reads it there.
  func remedy(_ facts: FailureFacts) -> String? {
    let here = facts.here
    return switch what {
    case .memory: "a smaller --size, or stop something else"
    case .cgroupMemory: here.moreGroupMemory + ", or a smaller --size"
    case .hugePages(let size, let total): here.changingPools(enlarging(HugePagePool.settings(size), of: size, total))
    case .cgroupHugePages: here.moreGroupHugePages + ", or a smaller --size"
    case .nodeMemory: "a smaller --size, other --nodes, or stop something that has memory there"
    case .nodeHugePages(let size, let node, let total):
      here.changingPools(enlarging(HugePagePool.settings(size, node: node), of: size, total))
    case .space("tmpfs", _): spaceRemedy(facts) + ", or a smaller --size"
    case .space("hugetlbfs", _):
      here.asRoot(facts.hugePageMounts.enlarging(by: need -| have))
        + "; its files go, and a remount would be ignored; or a smaller --size"
    case .space: "free disk space, or a smaller --size"
    case .lockLimit: here.raising(.lockedMemory, by: need -| have)
    case .commitLimit(let memory):
      here.asRoot("sysctl vm.overcommit_kbytes=\(promising(memory))") + ", or a smaller --size"
    case .pieces: "a larger --map-size"
    case .fileSizeLimit: here.raising(.fileSize, by: need -| have)
    case .addressSpaceLimit: here.raising(.addressSpace, by: need -| have)
    case .dataLimit: here.raising(.data, by: need -| have)
    case .alone(let use): use.remedy
    }
  }

  /// The pool as large as it must be.
  private func enlarging(_ folder: String, of size: Int, _ total: Int) -> String {
    "echo \(total +| (need -| have).pieces(of: size)) > \(folder)/nr_hugepages"
  }

  /// KiB of memory that may be promised, with some that others may be promised meanwhile.
  private func promising(_ memory: Int) -> Int {
    ((memory +| (need -| have)) >> 20 + 256) << 10
  }

  private func spaceRemedy(_ facts: FailureFacts) -> String {
    let point = facts.mountPoint
    return facts.here.enlarging(tmpfs: point?.path, to: point?.totalBytes.map { $0 +| (need -| have) })
  }

  /// Whether it is counted, and not in bytes.
  var isCount: Bool {
    if case .pieces = what { return true }
    return false
  }

  /// Whether it is about an amount at all.
  var isAmount: Bool {
    if case .alone = what { return false }
    return true
  }

  /// For the plan.
  var line: String {
    if let notMade { return "check: \(name): not made, \(notMade)" }
    if case .alone(let use) = what { return "check: \(name): \(isMet ? "ok" : "\(use.whoHas): IN USE")" }
    let (need, have) = isCount ? ("\(need)", "\(have)") : (ByteSize.text(need), ByteSize.text(have))
    let own = supply.map { $0.own > 0 ? ", promised to it: \($0.own.counted("page"))" : "" } ?? ""
    return "check: \(name): needs \(need), has \(have)\(own): \(isMet ? "ok" : "SHORT")"
  }

  /// For the plan.
  var name: String {
    switch what {
    case .memory: "available memory"
    case .cgroupMemory(let group): "memory of cgroup \(group)"
    case .hugePages(let size, _): "free \(ByteSize.text(size)) pages"
    case .cgroupHugePages(let size, let group): "\(ByteSize.text(size)) pages of cgroup \(group)"
    case .nodeMemory(let node): "available memory on node \(node)"
    case .nodeHugePages(let size, let node, _): "free \(ByteSize.text(size)) pages on node \(node)"
    case .space(let fileSystem, _): "space on \(fileSystem)"
    case .lockLimit: "RLIMIT_MEMLOCK"
    case .fileSizeLimit: "RLIMIT_FSIZE"
    case .addressSpaceLimit: "RLIMIT_AS"
    case .dataLimit: "RLIMIT_DATA"
    case .commitLimit: "memory that may be promised (CommitLimit)"
    case .pieces(let pieces): pieces
    case .alone: "nobody else has what is to lose its content"
    }
  }
}

extension Check.What {
  /// The node whose stock it is about.
  var node: Int? {
    switch self {
    case .nodeMemory(let node), .nodeHugePages(_, let node, _): node
    case .memory, .cgroupMemory, .hugePages, .cgroupHugePages, .space, .lockLimit, .fileSizeLimit, .addressSpaceLimit,
      .dataLimit, .commitLimit, .pieces, .alone:
      nil
    }
  }
}
