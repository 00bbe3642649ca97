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
      knees = facts.kinds.flatMap { kind, obstacle in
        if let obstacle { return [Knee(kind, obstacle)] }
        return places.map { Knee.measured(kind, on: $0, facts, &failures) }
      }
      tellUnknown(facts)
      return failures
    } catch {
      return [Failure(error)]
    }
  }

  /// What there may be more knees of: they are left out, and listed with the reason.
  private mutating func tellUnknown(_ facts: MachineFacts) {
    if case .failure(let why) = facts.pools { unknown.append(.init(what: "knees of huge pages", why: why.description)) }
    if nodes == nil, let why = Machine.shared.topology.unread[.nodes] {
      unknown.append(.init(what: "knees of each node", why: why.description))
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

  /// Base pages, transparent huge ones, with what keeps this process from having them, and those of each pool.
  fileprivate var kinds: [(kind: PageKind, obstacle: MemoryError.Cause?)] {
    let pools = (try? pools.get()) ?? []
    return [(.base, nil), (.transparent, PageKind.obstacle())] + pools.map { (.huge($0.pageSize), nil) }
  }
}

extension TopologyReport.Knee {
  /// One that cannot be measured.
  fileprivate init(_ kind: PageKind, _ obstacle: MemoryError.Cause) {
    self.init(pageSize: kind.word, node: nil)
    why = Failure(MemoryError(obstacle)).why
  }

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
