import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import KTask

/// R8's arithmetic.
@Suite("The helpers' priority")
struct PriorityTests {
  @Test(
    "is the nice value asked for, not above the caller's without the right to it, and lent where that is allowed",
    arguments: [
      // wanted, the caller's, the least allowed, lending; nice, rule
      (19, 0, -20, true, 19, .lends), (19, 0, 0, true, 19, .lends), (19, 0, 1, true, 19, .retires),
      (19, 0, 20, true, 19, .retires), (19, 0, -20, false, 19, .retires), (10, 5, 5, true, 10, .lends),
      (0, 0, -20, true, 0, .equals), (0, 0, 20, true, 0, .equals), (19, 19, 20, true, 19, .equals),
      (0, 10, 20, true, 10, .equals), (0, 10, -20, true, 0, .equals), (0, 10, 5, true, 5, .equals),
      (-5, -10, -20, true, -5, .lends),
    ] as [(Int, Int, Int, Bool, Int, TailRule)])
  func rule(wanted: Int, callers: Int, lowest: Int, isLending: Bool, nice: Int, tail: TailRule) {
    let found = Policy.priority(wanted: wanted, callersNice: callers, lowest: lowest, isLending: isLending)
    #expect(found == HelperPriority(nice: nice, tail: tail))
  }

  @Test(
    "may go down to what RLIMIT_NICE says, or anywhere with CAP_SYS_NICE",
    arguments: [
      (0, false, 20), (1, false, 19), (20, false, 0), (40, false, -20), (nil, false, -20), (0, true, -20),
      (99, false, -20),
    ] as [(Int?, Bool, Int)])
  func lowest(limit: Int?, isCapable: Bool, nice: Int) {
    #expect(Priority.lowestNice(limit: limit, isCapable: isCapable) == nice)
  }
}

/// R8 on real threads, by what the kernel says of them.
@Suite("Lending", .enabled(if: Priority.lowestNice <= 0, "needs CAP_SYS_NICE to raise a helper again"))
struct LendingTests {
  @Test("helpers run at nice 19, or at what is asked for, from before their first chunk", arguments: [19, 7])
  func runsNice(nice: Int) throws {
    let seen = Guarded<Set<Int>>([])
    let caller = DetachedThread.currentID
    let everyone = Rendezvous(4)
    let before = try Priority.nice()
    let work = RecordedWork { _ in
      if DetachedThread.currentID != caller {
        let own = try? Priority.nice()
        _ = seen.withLock { $0.insert(own ?? -99) }
      }
      everyone.meet()
    }
    var control = TaskControl.madeUp(threads: .exactly(4))
    control.helpersNice = nice
    _ = try control.run(work, start: 0, size: 4)
    #expect(seen.withLock { $0 } == [nice])
    #expect(try Priority.nice() == before)
  }

  @Test("goes to one unfinished helper after the other, in whatever order they end", arguments: 0..<24)
  func oneAfterTheOther(seed: Int) throws {
    let stage = LendingStage(helpers: 3)
    let thread = try OwnThread { try? TaskControl.madeUp(threads: .exactly(4)).run(stage.work, start: 0, size: 4) }
    var random = SplitMix64(seed: seed)
    let all = stage.helpers()
    var unfinished = all
    while !unfinished.isEmpty {
      let lent = stage.awaitLoan(among: unfinished)
      #expect(lent.count == 1, "\(lent) of \(unfinished)")
      // any of them may be next to end; one to whom nothing was lent must not end the loan
      unfinished.remove(at: random.number(0...unfinished.count - 1)).letGo()
    }
    let outcome = try #require(thread.join())
    #expect(outcome.end == .finished)
    #expect((1...3).contains(outcome.lent))
    #expect(outcome.priority == HelperPriority(nice: 19, tail: .lends))
    // and is taken back: the next task finds them as they were
    let nice = all.map { try? Priority.nice(ofThread: $0.thread) }
    #expect(nice == [19, 19, 19])
  }

  @Test("does not happen when it is not wanted, nor to helpers that are the caller's equals")
  func notWanted() throws {
    for (nice, lends) in [(19, false), (0, true)] {
      let stage = LendingStage(helpers: 2)
      let thread = try OwnThread {
        var control = TaskControl.madeUp(threads: .exactly(3))
        control.lendsPriority = lends
        control.helpersNice = nice
        return try? control.run(stage.work, start: 0, size: 3)
      }
      let helpers = stage.helpers()
      usleep(50_000)
      #expect(helpers.map { try? Priority.nice(ofThread: $0.thread) } == [nice, nice])
      for helper in helpers { helper.letGo() }
      #expect(thread.join()?.lent == 0)
    }
  }
}

/// A task whose caller runs dry at once while each helper stays in its one chunk until it is let go.
private final class LendingStage: Sendable {
  final class Visitor: Sendable {
    let thread = DetachedThread.currentID
    private let gone = Event()
    func letGo() { gone.happen() }
    func stay() { gone.wait() }
  }
  private final class Visitors: Sendable { let list = Guarded<[Visitor]>([]) }
  private let visitors: Visitors
  private let everyone: Rendezvous
  let work: RecordedWork

  init(helpers: Int) {
    let everyone = Rendezvous(helpers + 1)
    self.everyone = everyone
    let visitors = Visitors()
    self.visitors = visitors
    work = RecordedWork { _ in
      let name = SystemFiles().text("/proc/self/task/\(DetachedThread.currentID)/comm")
      if name != "ktask helper" {
        everyone.meet()
        return
      }
      let visitor = Visitor()
      visitors.list.withLock { $0.append(visitor) }
      everyone.meet()
      visitor.stay()
    }
  }

  /// All of them, once they are there.
  func helpers() -> [Visitor] {
    everyone.watch()
    return visitors.list.withLock { $0 }
  }

  /// The helpers at the caller's nice value, once there is one. A second look at the first tells two at the same time
  /// from one after the other.
  func awaitLoan(among helpers: [Visitor]) -> [Int] {
    var still: [Visitor] = []
    _ = waitUntil {
      let lent = helpers.filter { (try? Priority.nice(ofThread: $0.thread)) == 0 }
      still = lent.filter { (try? Priority.nice(ofThread: $0.thread)) == 0 }
      return !still.isEmpty
    }
    return still.map(\.thread)
  }
}
