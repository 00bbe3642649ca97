import KTask
import LinuxSystem
import MemoryWork

extension TopologyReport {
  /// Finds the knee of each kind of pages on each node; what went wrong on the way. Takes a second or two for each.
  mutating func measureKnees() -> [Failure] {
    do throws(MemoryError) {
      let facts = try MachineFacts.current()
      try attemptingToCatch()
      var failures: [Failure] = []
      let numbers = (nodes ?? []).filter { facts.hasMemory(on: $0.node) }.map(\.node)
      // of one node, or of none that is known, without a word to the kernel where it is to be
      let places = numbers.count > 1 ? numbers.map(Optional.some) : [nil]
      knees = facts.kinds.flatMap { kind in places.map { Knee.measured(kind, on: $0, facts, &failures) } }
      return failures
    } catch {
      return [Failure(error)]
    }
  }

  private func attemptingToCatch() throws(MemoryError) {
    do throws(Errno) {
      try Memory.catchBusErrors()
    } catch {
      throw MemoryError(.failed(.verify, error))
    }
  }
}

extension MachineFacts {
  fileprivate func hasMemory(on node: Int) -> Bool {
    guard case .success(let nodes) = nodes else { return true }
    return nodes.contains { $0.number == node && $0.totalBytes > 0 }
  }

  /// Base pages, transparent huge ones where this process may have them, and those of each pool.
  fileprivate var kinds: [PageKind] {
    var kinds: [PageKind] = PageKind.obstacle() == nil ? [.base, .transparent] : [.base]
    if case .success(let pools) = pools { kinds += pools.map { .huge($0.pageSize) } }
    return kinds
  }
}

extension TopologyReport.Knee {
  fileprivate static func measured(
    _ kind: PageKind, on node: Int?, _ facts: MachineFacts, _ failures: inout [Failure]
  ) -> Self {
    var knee = Self(pageSize: kind.word, node: node)
    do throws(MemoryError) {
      if let found = try MeasuredKnee.find(kind, on: node, facts) {
        knee.take(found)
      } else {
        knee.why = "too little is free"
      }
    } catch {
      var failure = Failure(error)
      failure.what = knee.label
      knee.why = failure.why
      // another program may have been faster
      if failure.exitStatus != .shortage { failures.append(failure) }
    }
    return knee
  }
}

extension PageKind {
  /// As the user writes it: "thp", "4K", "2M".
  fileprivate var word: String {
    switch self {
    case .base: PageSizeWord.text(MemoryInfo.basePageSize)
    case .transparent: PageSizeWord.transparent.text
    case .huge(let size): PageSizeWord.text(size)
    }
  }
}
