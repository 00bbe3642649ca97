public import KTask
internal import LinuxSystem

/// `--grow-pool`: raises the pools that a job's files draw on by what they lack, and gives back what it raised where
/// the job fails.
///
/// From the look at what is missing until the pages are made, the right to change those pools is held, so that of two at
/// work neither counts pages as its own that the other has raised for itself.
public final class PoolGrowth {
  /// What would be raised as things were when it was planned.
  public let planned: [PoolRaise]
  /// What was raised in the end.
  public private(set) var raised: [PoolRaise] = []
  /// What could not be given back.
  public private(set) var kept: [KeptPages] = []
  private let job: any MemoryJob
  private let keepFree: Int
  private var claims: [Owned<PoolSize>] = []
  /// By how many pages each pool's own size has grown: surplus pages become its own first.
  private var differences: [(pageSize: Int, node: Int?, pages: Int)] = []

  /// `keepFree`: pages of each pool, and of each node that memory is bound to, that stay free for others.
  public init(_ job: any MemoryJob, keepFree: Int = 0) throws(MemoryError) {
    self.job = job
    self.keepFree = keepFree
    planned = try Self.missing(job, keepFree)
    for raise in planned {
      do throws(Errno) {
        try PoolSize.checkRight(pageSize: raise.pageSize)
      } catch {
        throw MemoryError(
          .failed(.growPool, error), path: path(raise.pageSize), pageSize: raise.pageSize, node: raise.node)
      }
    }
  }

  /// Throws where the kernel does not tell what pools have: nobody knows then by how much to raise one.
  private static func missing(_ job: any MemoryJob, _ keepFree: Int) throws(MemoryError) -> [PoolRaise] {
    if job.bytes == 0 { return [] }
    let facts = try MachineFacts.current()
    if let unread = facts.pools.unread, job.files.contains(where: { $0.fileSystem.kind == .hugetlbfs }) {
      throw MemoryError(.unread(unread), path: job.files.first?.path)
    }
    let shared = job.files.first { $0.placement.map { $0.policy != .bind } ?? false }?.placement?.nodes
    return PoolRaise.missing(from: job.checks(facts).map { $0.leaving(keepFree) }, sharedBy: shared)
  }

  /// Whether the machine has the memory for it.
  public func checks(_ facts: MachineFacts) -> [Check] {
    facts.checks(planned, path: planned.first.flatMap { path($0.pageSize) })
  }

  /// The first file that draws on a pool, for messages.
  private func path(_ pageSize: Int) -> String? { job.files.first { $0.pageSize == pageSize }?.path }

  /// Raises what is missing now. A shortfall is met with compaction, for `seconds` or, where that is nil, a few times,
  /// then with an error; `giveBack` is the caller's to call.
  public func raise(_ monitor: TaskMonitor, within seconds: Double?) throws(MemoryError) {
    let patience = Patience(seconds)
    for size in Set(job.files.filter { $0.fileSystem.kind == .hugetlbfs }.map(\.pageSize)).sorted() {
      if let claim = try claim(size, monitor) { claims.append(claim) }
    }
    for raise in try Self.missing(job, keepFree) { try grow(raise, monitor, patience) }
  }

  /// Waits while another process has it: that one is making its pages. nil: who may not change pools needs not, where
  /// nothing is missing.
  private func claim(_ pageSize: Int, _ monitor: TaskMonitor) throws(MemoryError) -> Owned<PoolSize>? {
    do throws(MemoryError) {
      return try PoolSize.wait(for: pageSize, path: path(pageSize), monitor)
    } catch {
      if case .failed(.growPool, let errno) = error.cause, [.access, .permission, .readOnly].contains(errno),
        try Self.missing(job, keepFree).isEmpty
      {
        return nil
      }
      throw error
    }
  }

  /// Lets others change the pools again: the pages are made.
  public func unlock() { claims = [] }

  /// Makes the pools as much smaller as they were made larger; false where that was not possible, `kept` then tells more.
  public func giveBack() -> Bool {
    if claims.isEmpty && !differences.isEmpty { claimAgain() }
    for difference in differences.reversed() where difference.pages > 0 {
      if let kept = shrink(difference.pageSize, difference.node, by: difference.pages) { self.kept.append(kept) }
    }
    differences = []
    unlock()
    return kept.isEmpty
  }

  /// After `unlock`; gives up where another process keeps a pool for longer than makes sense.
  private func claimAgain() {
    let deadline = Clock.now() + 10_000_000_000
    for size in Set(differences.map(\.pageSize)).sorted() {
      while claim(on: size) == nil && Clock.now() < deadline {
        // one that fails, or is another's, is tried again until the time is over
        if let claim = try? PoolSize.claim(pageSize: size) { claims.append(Owned(claim)) }
        Clock.sleep(milliseconds: 5)
      }
    }
  }

  private func claim(on pageSize: Int) -> Owned<PoolSize>? { claims.first { $0.value.pageSize == pageSize } }
}

extension PoolGrowth {
  /// How long a shortfall is met with another try.
  private struct Patience {
    static let tries = 5
    private let deadline: UInt64?

    /// A little less than all the time there is, so that a shortfall is told as what it is.
    init(_ seconds: Double?) { deadline = seconds.map { Clock.now() + UInt64($0 * 0.9 * 1e9) } }

    func isOver(after tries: Int) -> Bool {
      guard let deadline else { return tries >= Self.tries }
      return Clock.now() >= deadline
    }

    /// Twice as long every time, a second at most, and not beyond the deadline.
    func pause(after tries: Int) -> Int {
      let pause = min(1000, 50 << min(tries, 5))
      guard let deadline else { return pause }
      let now = Clock.now()
      return now >= deadline ? 0 : min(pause, Int((deadline - now) / 1_000_000))
    }
  }

  private func grow(_ raise: PoolRaise, _ monitor: TaskMonitor, _ patience: Patience) throws(MemoryError) {
    let before = try pool(raise)
    let goal = before.total(on: raise.node) +| raise.pages
    differences.append((raise.pageSize, raise.node, 0))
    defer { claim(on: raise.pageSize)?.value.noteChange(since: before) }
    var tries = 0
    while true {
      let now = try set(goal, raise, before)
      if now >= goal { break }
      tries += 1
      if patience.isOver(after: tries) {
        throw MemoryError(
          .poolShort(wanted: raise.pages, got: max(0, raise.pages -| (goal -| now))), path: path(raise.pageSize),
          pageSize: raise.pageSize, node: raise.node)
      }
      // after that: time that ran out in the last try is a shortfall, too
      try monitor.check()
      try? PoolSize.compact()
      Clock.sleep(milliseconds: patience.pause(after: tries))
    }
    raised.append(raise)
  }

  /// Asks for `goal` pages and says how many there are then.
  private func set(_ goal: Int, _ raise: PoolRaise, _ before: HugePagePool) throws(MemoryError) -> Int {
    do throws(Errno) {
      // whose rights did not suffice when nothing was missing
      guard let claim = claim(on: raise.pageSize) else { throw .access }
      try claim.value.set(goal, node: raise.node)
    } catch {
      throw MemoryError(
        .failed(.growPool, error), path: path(raise.pageSize), pageSize: raise.pageSize, node: raise.node)
    }
    // as asked for, until the kernel tells what it made of that: an undo must not miss any
    let before = (asked: goal -| before.total(on: raise.node), persistent: before.persistent)
    differences[differences.count - 1].pages = max(differences[differences.count - 1].pages, before.asked)
    let after = try pool(raise)
    differences[differences.count - 1].pages = max(0, after.persistent -| before.persistent)
    return after.total(on: raise.node)
  }

  private func pool(_ raise: PoolRaise) throws(MemoryError) -> HugePagePool {
    try .demanded(pageSize: raise.pageSize, path: path(raise.pageSize))
  }

  /// What stays, or is not known to have gone; nil: nothing.
  private func shrink(_ pageSize: Int, _ node: Int?, by pages: Int) -> KeptPages? {
    if let claim = claim(on: pageSize) { return claim.value.shrink(node, by: pages) }
    return KeptPages(
      raise: PoolRaise(pageSize: pageSize, node: node, pages: pages),
      total: HugePagePool.told(pageSize: pageSize)?.total(on: node), why: .isLocked)
  }
}
