import CCounting
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import KTask

/// The knee in a task: which threads work, and that nothing is lost when they come and go.
@Suite("A task that finds its knee")
struct KneeRunTests {
  /// Chunks are long enough for a report each.
  private static func control(threads: Int = 16, budget: HelperBudget = .sixteen()) -> TaskControl {
    var control = TaskControl.madeUp(threads: .atMost(threads), budget: budget)
    control.findsKnee = true
    control.chunkTime = ChunkTime(shortest: 1, longest: 2)
    control.maximumChunk = 1
    return control
  }

  @Test("does each unit once, whoever is called in and let rest, and undoes what a failure leaves", arguments: 0..<200)
  func comesAndGoes(seed: Int) throws {
    var random = SplitMix64(seed: 31_000_000 + seed)
    let sizes = (0..<random.number(1...3)).map { _ in random.number(0...80) }
    let tasks = sizes.enumerated().map { NodeTask(start: 100 * $0, size: $1, node: random.one(of: [0, 1, nil])) }
    let bad = random.number(0...2) == 0 ? random.number(0...39) : -1
    let cancelled = random.number(0...3) == 0 ? random.number(0...39) : -1
    let monitor = TaskMonitor()
    let work = RecordedWork { (chunk) throws(Trouble) in
      usleep(260)
      if chunk.contains(cancelled) { monitor.cancel() }
      if chunk.contains(bad) { throw Trouble(position: chunk.lowerBound) }
    }
    let shifts = (0..<64).map { _ in random.number(1...7) }
    var control = Self.control(threads: 6)
    control.shifts = { shifts[$0 % 64] }
    control.lendsPriority = random.number(0...1) == 0
    let outcome = try control.run(work, nodeTasks: tasks, monitor: monitor)
    let events = work.record.events
    let done = (events.finished + events.failed).flatMap(Array.init)
    #expect(Set(done).count == done.count)
    #expect(outcome.threads.reduce(0) { $0 + $1.units } == outcome.unitsDone)
    if outcome.end == .finished { #expect(done.sorted() == tasks.flatMap(\.units).sorted()) }
    if outcome.end != .finished { expectUndone(outcome, work.record, tasks) }
    #expect((outcome.end == .failed) == !events.failed.isEmpty)
    #expect(control.budget.running() == 0 && control.budget.running(on: 0) == 0)
  }

  @Test("lets others have the permits of those that rest, and works with fewer where they keep them")
  func givesPermitsBack() throws {
    let budget = HelperBudget(limit: 3, nodeLimits: [0: 3, 1: 0, 2: 0])
    let caller = DetachedThread.currentID
    let state = Guarded<(others: [HeldPermit], step: Int, isGiven: Bool)>(([], 0, false))
    let work = RecordedWork { _ in
      usleep(300)
      guard DetachedThread.currentID == caller else { return }
      state.withLock { state in
        state.step += 1
        if !state.isGiven, let permit = budget.heldPermit(on: 0) {
          // there were none left as long as all worked
          state.isGiven = true
          state.others = [permit] + (0..<2).compactMap { _ in budget.heldPermit(on: 0) }
        }
      }
    }
    var control = Self.control(threads: 4, budget: budget)
    // all, then the caller alone until others have what was given back, then all that can be had
    control.shifts = { look in look < 10 || state.withLock { $0.isGiven && $0.step > 40 } ? 4 : 1 }
    let outcome = try control.run(work, nodeTasks: [NodeTask(start: 0, size: 400, node: 0)])
    #expect(outcome.end == .finished && outcome.unitsDone == 400)
    let (others, _, isGiven) = state.withLock { $0 }
    #expect(isGiven && !others.isEmpty)
    #expect(budget.running() == others.count)
  }

  @Test("begins with few, and has permits for no more")
  func beginsWithFew() throws {
    let budget = HelperBudget.sixteen()
    let most = Guarded(0)
    let work = RecordedWork { _ in
      usleep(300)
      most.withLock { $0 = max($0, budget.running()) }
    }
    var control = Self.control(budget: budget)
    control.shifts = { _ in 4 }
    #expect(try control.run(work, start: 0, size: 300).end == .finished)
    #expect(most.withLock { $0 } == 3)
  }

  @Test("is an ordinary one where a number is asked for, one thread is there, or the clock is not to be read")
  func isOrdinary() throws {
    let asked = { (change: (inout TaskControl) -> Void) in
      var control = Self.control()
      change(&control)
      return try control.run(RecordedWork(), start: 0, size: 100)
    }
    for outcome in try [
      asked { $0.threads = .exactly(3) }, asked { $0.threads = .atMost(1) }, asked { $0.chunkTime = nil },
      asked { $0.isEnabled = false }, asked { $0.findsKnee = false },
    ] {
      #expect(outcome.end == .finished && outcome.knee == nil && outcome.steps.isEmpty)
      #expect(!outcome.bounds.contains { $0.what == .knee })
    }
  }

  /// Whoever sleeps needs no CPU: sixteen threads sleep as well as two. Behind one lock they do so one after the other, and on a
  /// busy machine it may be that more are awake when it is handed on: one try of ten is enough.
  @Test("finds that threads behind one lock gain less than those beside each other")
  func finds() throws {
    let lock = Guarded(0)
    let one = RecordedWork { chunk in lock.withLock { (_: inout Int) in for _ in chunk { usleep(100) } } }
    let all = RecordedWork { chunk in for _ in chunk { usleep(100) } }
    var control = Self.control()
    control.maximumChunk = .max
    control.chunkTime = .usual
    control.helpersNice = 0
    for _ in 0..<10 {
      let locked = try control.run(one, start: 0, size: 5000)
      let free = try control.run(all, start: 0, size: 50_000)
      let knees = try (#require(locked.knee), #require(free.knee))
      #expect(locked.bounds.contains(Bound(.knee, knees.0)) == (knees.0 < 16))
      #expect(locked.steps.first?.threads == 4)
      if knees.0 < knees.1 { return }
    }
    Issue.record("no knee was found")
  }

  /// The threads of one node stand behind one lock, those of the other beside each other.
  @Test("finds a knee for each node that it has work on, and sends those on whose node is done")
  func findsForEachNode() throws {
    let lock = Guarded(0)
    let work = RecordedWork { chunk in
      if chunk.lowerBound >= 100_000 {
        for _ in chunk { usleep(100) }
      } else {
        lock.withLock { (_: inout Int) in for _ in chunk { usleep(100) } }
      }
    }
    var control = Self.control()
    control.maximumChunk = .max
    control.chunkTime = .usual
    control.helpersNice = 0
    let tasks = [NodeTask(start: 0, size: 4000, node: 0), NodeTask(start: 100_000, size: 16_000, node: 1)]
    for _ in 0..<10 {
      let outcome = try control.run(work, nodeTasks: tasks)
      #expect(outcome.end == .finished && outcome.unitsDone == 20_000)
      #expect(control.budget.running() == 0 && control.budget.running(on: 1) == 0)
      #expect(outcome.steps.allSatisfy { $0.node == 0 || $0.node == 1 })
      let most = [0, 1].map { node in outcome.steps.filter { $0.node == node }.map(\.threads).max() ?? 0 }
      let moved = outcome.threads.count { $0.moves > 0 }
      if let knee = outcome.knee, knee < 16, most[1] > most[0], moved > 0 { return }
    }
    Issue.record("no node has a knee of its own")
  }

  @Test(
    "runs in a child that was forked in the midst of another",
    .enabled(if: counting_is_possible(), "a sanitizer lets no forked child start threads"))
  func forks() throws {
    let status = Guarded<Int32?>(nil)
    let work = RecordedWork { chunk in
      usleep(300)
      if !chunk.contains(50) { return }
      let ended = try? exitStatus { () -> Int32 in
        let outcome = try? Self.control().run(RecordedWork { _ in usleep(300) }, start: 0, size: 50)
        return outcome?.unitsDone == 50 ? 0 : 1
      }
      status.withLock { (status: inout Int32?) in status = ended }
    }
    #expect(try Self.control().run(work, start: 0, size: 100).unitsDone == 100)
    #expect(status.withLock { $0 } == 0)
  }
}
