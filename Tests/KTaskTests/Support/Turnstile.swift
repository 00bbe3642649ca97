import LinuxSystem
import TestSupport

@testable import KTask

/// Lets the threads of one task go on one at a time, in an order that a seed gives: each waits before it looks for work on
/// a node task, and again with every chunk in hand. From one such gate to the next nobody else runs, so that a seed that
/// fails comes back with the very same order.
///
/// Who goes on is decided when all are waiting that will come. Who comes no more is known beforehand: whoever goes on when
/// every unit is handed out, or when the task has been stopped.
@safe
final class Turnstile: @unchecked Sendable {
  // @unchecked: the flag is looked at only while threads of its task wait here.

  /// A thread goes on, with a chunk or without one.
  struct Step: Equatable {
    /// 0 for the caller.
    var thread: Int
    var chunk: Range<Int>?
  }
  private struct Waiting {
    /// As the kernel has it, and as the task has it.
    var id: Int
    var thread: Int
    var chunk: Range<Int>?
    let turn = Event()
  }
  private struct State {
    var waiting: [Waiting] = []
    /// The task's number of each thread that has come, by its id.
    var threads: [Int: Int] = [:]
    var handedOut = 0
    var steps: [Step] = []
    var mostLent = 0
  }
  private let state = Guarded(State())
  private let arrived = FutexWord(0)
  /// The flag's address.
  private let stop = Guarded<UInt>(0)

  /// What happened, in order.
  var steps: [Step] { state.withLock { $0.steps } }
  /// The most helpers that had the caller's nice value at the same time.
  var mostLent: Int { state.withLock { $0.mostLent } }

  /// Before a thread looks for work on a node task.
  func pass(_ record: UnsafeMutablePointer<ThreadRecord<Int, Trouble>>, _ stop: UnsafePointer<StopFlag>) {
    let number = unsafe record.pointee.number
    state.withLock { $0.threads[DetachedThread.currentID] = number }
    let flag = UInt(bitPattern: stop)
    self.stop.withLock { $0 = flag }
    pass(with: nil)
  }

  /// With a chunk in hand.
  func pass(with chunk: Range<Int>?) {
    let id = DetachedThread.currentID
    let turn = state.withLock { state in
      let one = Waiting(id: id, thread: state.threads[id]!, chunk: chunk)
      state.handedOut += chunk?.count ?? 0
      state.waiting.append(one)
      arrived.store(UInt32(state.waiting.count))
      return one.turn
    }
    arrived.wake()
    turn.wait()
  }
}

/// The doorkeeper's part.
extension Turnstile {
  /// A task of so many units and threads, what makes it stop, and whether its caller lends its priority.
  struct Task {
    var units: Int
    var threads: Int
    var lends: Bool
    var isStopped: @Sendable (Range<Int>) -> Bool
  }

  /// Until every thread has gone on for the last time.
  func keepDoor(_ task: Task, seed: Int) {
    var random = SplitMix64(seed: seed)
    var (left, isStopped, callerHasEnded) = (task.threads, false, false)
    while left > 0 {
      awaitArrivals(left)
      look(isLent: task.lends && callerHasEnded)
      let (next, isLast) = choose(task.units, &random)
      let stopsNow = next.chunk.map(task.isStopped) ?? false
      isStopped = isStopped || stopsNow
      if isStopped || isLast {
        left -= 1
        callerHasEnded = callerHasEnded || next.thread == 0
      }
      next.turn.happen()
      if stopsNow && left > 0 { awaitStop() }
    }
  }

  private func awaitArrivals(_ count: Int) {
    while case let found = arrived.load(), found != count {
      guard arrived.wait(while: found, nanoseconds: Int(patience * 1e9)) else {
        fatalError("\(found) of \(count) came")
      }
    }
  }

  /// By their numbers, not in the order in which they came.
  private func choose(_ units: Int, _ random: inout SplitMix64) -> (next: Waiting, isLast: Bool) {
    let number = random.number(0...Int(arrived.load()) - 1)
    return state.withLock { state in
      let chosen = state.waiting.map(\.thread).sorted()[number]
      return (letGo(chosen, &state), state.handedOut == units)
    }
  }

  private func letGo(_ thread: Int, _ state: inout State) -> Waiting {
    let next = state.waiting.remove(at: state.waiting.firstIndex { $0.thread == thread }!)
    arrived.store(UInt32(state.waiting.count))
    state.steps.append(Step(thread: thread, chunk: next.chunk))
    return next
  }

  /// Counts the loans among those who wait; with `isLent` there is one, as soon as the caller has come so far.
  private func look(isLent: Bool) {
    let helpers = state.withLock { $0.waiting.filter { $0.thread > 0 }.map(\.id) }
    let hasLoan = { (thread: Int) in (try? Priority.nice(ofThread: thread)) == 0 }
    let isSeen = waitUntil {
      // a second look at the first tells two at once from one after the other
      let lent = helpers.filter(hasLoan)
      let count = lent.count < 2 ? lent.count : lent.count(where: hasLoan)
      state.withLock { $0.mostLent = max($0.mostLent, count) }
      return !isLent || helpers.isEmpty || count > 0
    }
    if !isSeen { fatalError("nothing was lent") }
  }

  private func awaitStop() {
    let flag = unsafe UnsafePointer<StopFlag>(bitPattern: stop.withLock { $0 })!
    if !waitUntil({ unsafe flag.pointee.isRaised }) { fatalError("the task was not stopped") }
  }
}

/// In an order that is known beforehand.
extension Turnstile {
  /// One thread goes on.
  struct Turn: Sendable {
    var step: Step
    /// How many wait here before.
    var waiting: Int
    /// The helper that has the caller's nice value by then.
    var borrower: Int?
    /// Whether it stops the task, and which helpers have nothing to do any more then.
    var stops = false
    var idle: [Int] = []
  }

  func keepDoor(_ turns: [Turn]) {
    for (index, turn) in turns.enumerated() {
      awaitArrivals(turn.waiting)
      if let borrower = turn.borrower { look(at: borrower) }
      let next = state.withLock { letGo(turn.step.thread, &$0) }
      next.turn.happen()
      // after the last one the task may be gone
      if index + 1 == turns.count { return }
      if turn.stops { awaitStop() }
      for helper in turn.idle { waitUntilAsleep(thread: id(of: helper)) }
    }
  }

  private func id(of thread: Int) -> Int { state.withLock { state in state.threads.first { $0.value == thread }!.key } }

  private func look(at borrower: Int) {
    let id = id(of: borrower)
    if !waitUntil({ (try? Priority.nice(ofThread: id)) == 0 }) { fatalError("nothing was lent to \(borrower)") }
    look(isLent: true)
  }
}
