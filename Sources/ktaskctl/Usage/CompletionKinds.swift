import ArgumentParser
import LinuxSystem
import MemoryWork

/// What a shell offers that only this machine knows. What it does not tell is not offered.
extension CompletionKind {
  static let pageSizes = custom { _, _, _ in
    let pools = (try? HugePagePool.all()) ?? []
    return ["thp"] + ([MemoryInfo.basePageSize] + pools.map(\.pageSize).sorted()).map(PageSizeWord.text)
  }

  static let nodes = custom { _, _, _ in
    ["all"] + Topology.current().nodes.map { "\($0.number)" }
  }
}
