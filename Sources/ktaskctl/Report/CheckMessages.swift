import LinuxSystem
import MemoryWork

extension Check {
  /// Why it is not met.
  var sentence: String {
    let (need, have) = (ByteSize.text(need), ByteSize.text(have))
    switch what {
    case .memory: return "needs \(need) of memory with its page tables, \(have) are available"
    case .cgroupMemory(let group):
      return "needs \(need) of memory with its page tables, cgroup \(group) has \(have) left"
    case .hugePages(let size, _):
      return "\(need) needs \(pages(size, "free ")), \(self.have / size) are free"
    case .cgroupHugePages(let size, let group):
      return
        "\(need) needs \(pages(size)), cgroup \(group) may have \(self.have / size) more"
    case .nodeMemory(let node):
      return "needs \(need) of memory with its page tables on node \(node), \(have) are available there"
    case .nodeHugePages(let size, let node, _):
      return
        "\(need) needs \(pages(size, "free ")) on node \(node), \(self.have / size) are free"
    case .space(let fileSystem): return "needs \(need) more on its \(fileSystem), which has \(have) left"
    case .lockLimit: return "needs \(need) of locked memory, the limit (RLIMIT_MEMLOCK) leaves \(have)"
    case .pieces(let pieces): return "needs \(self.need) \(pieces), \(self.have) are possible"
    case .fileSizeLimit: return "is to have \(need), the limit for files (RLIMIT_FSIZE) is \(have)"
    case .addressSpaceLimit: return "needs \(need) of address space, the limit (RLIMIT_AS) leaves \(have)"
    case .dataLimit: return "needs \(need) of memory of its own, the limit (RLIMIT_DATA) leaves \(have)"
    case .alone(let use): return use.sentence
    }
  }

  /// "1 free 2 MiB page".
  private func pages(_ size: Int, _ free: String = "") -> String {
    "\(need / size) \(free)\(ByteSize.text(size)) \(need / size == 1 ? "page" : "pages")"
  }

  /// What helps whoever reads it there.
  func remedy(in here: Surroundings) -> String? {
    switch what {
    case .memory: "a smaller --size, or stop something else"
    case .cgroupMemory: here.moreGroupMemory + ", or a smaller --size"
    case .hugePages(let size, let total): here.asRoot(enlarging(HugePagePool.settings(size), of: size, total))
    case .cgroupHugePages: here.moreGroupHugePages + ", or a smaller --size"
    case .nodeMemory: "a smaller --size, other --nodes, or stop something that has memory there"
    case .nodeHugePages(let size, let node, let total):
      here.asRoot(enlarging(HugePagePool.settings(size, node: node), of: size, total))
    case .space("tmpfs"): spaceRemedy(here) + ", or a smaller --size"
    case .space("hugetlbfs"): here.asRoot("mount it anew with a larger size=") + ", or a smaller --size"
    case .space: "free disk space, or a smaller --size"
    case .lockLimit: here.raising(.lockedMemory, by: need - have)
    case .pieces: "a larger --map-size"
    case .fileSizeLimit: here.raising(.fileSize, by: need - have)
    case .addressSpaceLimit: here.raising(.addressSpace, by: need - have)
    case .dataLimit: here.raising(.data, by: need - have)
    case .alone(let use): use.remedy
    }
  }

  /// The pool as large as it must be.
  private func enlarging(_ folder: String, of size: Int, _ total: Int) -> String {
    "echo \(total + (need - have + size - 1) / size) > \(folder)/nr_hugepages"
  }

  private func spaceRemedy(_ here: Surroundings) -> String {
    let point = path.flatMap(MountPoint.holding)
    let size = point?.totalBytes.map { $0.addingReportingOverflow(need - have) }
    return here.enlarging(tmpfs: point?.path, to: size.flatMap { $0.overflow ? nil : $0.partialValue })
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
    return "check: \(name): needs \(need), has \(have): \(isMet ? "ok" : "SHORT")"
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
    case .space(let fileSystem): "space on \(fileSystem)"
    case .lockLimit: "RLIMIT_MEMLOCK"
    case .fileSizeLimit: "RLIMIT_FSIZE"
    case .addressSpaceLimit: "RLIMIT_AS"
    case .dataLimit: "RLIMIT_DATA"
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
      .dataLimit, .pieces, .alone:
      nil
    }
  }
}
