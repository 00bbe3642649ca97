import LinuxSystem
import MemoryWork

extension MemoryError {
  /// What helps whoever reads it there.
  func remedy(_ facts: FailureFacts) -> String? {
    let here = facts.here
    return switch cause {
    case .short(let check): check.remedy(facts)
    case .wrongKind(.symbolicLink): "name the file that it leads to: readlink -f \(path.map(quotedFile) ?? "FILE")"
    case .wrongPageSize: pageSizeRemedy(facts)
    case .noSuchPageSize: "ls /sys/kernel/mm/hugepages"
    case .transparentOff: transparentRemedy(facts)
    case .transparentOffForProcess:
      "start it from a shell in which grep THP_enabled /proc/self/status says 1, or --page-size 4K"
    case .unread(let unread): unread.remedy(in: here)
    case .noSize: "give it one: --size SIZE"
    case .beyondEnd: "ktaskctl prefault --size SIZE \(path.map(quotedFile) ?? "FILE")"
    case .hasPages: "one run with one thread count, or another file"
    case .noPin(let refusal): refusal.remedy(in: here)
    case .noStock(let refusal): refusal.remedy(path ?? "")
    case .process(let number, let refusal): refusal.remedy(number, path, in: here)
    case .poolShort: "a smaller --size, a longer --timeout, or reserve the pages when the machine starts"
    case .failed(.growPool, .permission), .failed(.growPool, .access), .failed(.growPool, .readOnly): morePages(facts)
    case .failed(.own, .permission): here.isRoot ? "where CAP_CHOWN is held" : "as root"
    case .failed(.create, .noEntry): mountRemedy(here)
    case .failed(_, .tooManyFiles): here.raising(.openFiles)
    case .failed(.pin, _): here.raising(.lockedMemory)
    case .failed(let operation, .noMemory) where operation.pins: here.raising(.lockedMemory)
    case .noSuchNodes: "ktaskctl topology"
    case .noNodes, .failed(.place, .permission), .failed(.locate, .permission): NodeMessages.allowing(here)
    case .noPlacement: NodeMessages.threadPolicy
    case .wrongNode(_, _, let wasThere): wasThere ? NodeMessages.anew(path) : nil
    case .failed(.mapForDevices, .noSpace): "a larger --map-size"
    case .failed where poolFree != nil: here.moreGroupHugePages
    case .failed(_, .noMemory), .failed(_, .fault), .failed(_, .noSpace): morePages(facts)
    default: nil
    }
  }

  private func transparentRemedy(_ facts: FailureFacts) -> String {
    let here = facts.here
    switch path {
    case nil: return here.asRoot("echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
    case MemoryFile.memfd: return here.asRoot("echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled")
    case _?:
      let point = facts.mountPoint.map { quotedForShell($0.path) } ?? "on its mount point"
      return here.asRoot("mount -o remount,huge=advise \(point)") + ", if it is a tmpfs"
    }
  }

  /// For a pool that has run out on the way.
  private func morePages(_ facts: FailureFacts) -> String? {
    guard let pageSize, pageSize > MemoryInfo.basePageSize else { return nil }
    if let unread = facts.poolUnread { return unread.remedy(in: facts.here) }
    return facts.here.changingPools("a larger number in \(HugePagePool.settings(pageSize, node: node))/nr_hugepages")
  }
}

extension Unreadable {
  /// What lets it be read.
  func remedy(in here: Surroundings) -> String? {
    switch errno {
    case .tooManyFiles: here.raising(.openFiles)
    case .noEntry where what.hasPrefix("/sys/"): here.asRoot("mount -t sysfs sysfs /sys")
    case .noEntry where what.hasPrefix("/proc/"): here.asRoot("mount -t proc proc /proc")
    default: nil
    }
  }
}
