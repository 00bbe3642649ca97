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
    var thread: Int
    /// The caller's is the least, the others' ascend with their numbers.
    var record: UInt
    var chunk: Range<Int>?
    let turn = Event()
  }
  private struct State {
    var waiting: [Waiting] = []
    /// By thread.
    var records: [Int: UInt] = [:]
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
    let address = UInt(bitPattern: record)
    state.withLock { $0.records[DetachedThread.currentID] = address }
    let flag = UInt(bitPattern: stop)
    self.stop.withLock { $0 = flag }
    pass(with: nil)
  }

  /// With a chunk in hand.
  func pass(with chunk: Range<Int>?) {
    let thread = DetachedThread.currentID
    let turn = state.withLock { state in
      let one = Waiting(thread: thread, record: state.records[thread]!, chunk: chunk)
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
      let (next, thread, isLast) = choose(task.units, &random)
      let stopsNow = next.chunk.map(task.isStopped) ?? false
      isStopped = isStopped || stopsNow
      if isStopped || isLast {
        left -= 1
        callerHasEnded = callerHasEnded || thread == 0
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

  /// By their records, not in the order in which they came.
  private func choose(_ units: Int, _ random: inout SplitMix64) -> (next: Waiting, thread: Int, isLast: Bool) {
    let number = random.number(0...Int(arrived.load()) - 1)
    return state.withLock { state in
      state.waiting.sort { $0.record < $1.record }
      let next = state.waiting.remove(at: number)
      arrived.store(UInt32(state.waiting.count))
      let thread = state.records.values.count { $0 < next.record }
      state.steps.append(Step(thread: thread, chunk: next.chunk))
      return (next, thread, state.handedOut == units)
    }
  }

  /// Counts the loans among those who wait; with `isLent` there is one, as soon as the caller has come so far.
  private func look(isLent: Bool) {
    let helpers = state.withLock { $0.waiting.map(\.thread) }.filter { $0 != caller }
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

  private var caller: Int? { state.withLock { state in state.records.min { $0.value < $1.value }?.key } }

  private func awaitStop() {
    let flag = unsafe UnsafePointer<StopFlag>(bitPattern: stop.withLock { $0 })!
    if !waitUntil({ unsafe flag.pointee.isRaised }) { fatalError("the task was not stopped") }
  }
}
