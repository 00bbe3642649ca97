@testable import KTask

/// The engine in steps, to be read before the engine itself: what each thread does between two moments at which any other one may
/// come in between. R1 to R10 are the rules of Sources/KTask/README.md.
///
/// A chunk is a number. Left out is what decides nothing of who does which: positions, time, CPUs, and how one wakes up.
struct EngineModel {
  /// Chunks of each node task.
  var sizes = [3, 2]
  var threads = 3
  /// R8: the caller lends its priority. Where it may not, helpers retire when the tail wants it (`TailGuard`): at any time.
  var lends = true
  /// Helpers are let rest and called again, as the caller finds right (`TaskControl.findsKnee`): at any time.
  var findsKnee = false
  /// What may go wrong, at any time.
  var mayFail = true
  var mayBeCancelled = true
  var flaw: EngineFlaw?

  /// What a thread is about to do. Each is one step.
  enum Phase: Hashable {
    /// A helper that nobody has called, or whose body has ended.
    case idle
    /// There is a body that it has not begun: it may be taken back.
    case called
    /// Before every chunk: whether the task has stopped, and whether this helper is to rest or to retire. Here it has come to a
    /// node task; after a chunk it looks in the step that ends this one, since what is in between is nobody else's affair.
    case looks
    /// One atomic exchange gives it a chunk. Where none is left it goes to another node task (R3).
    case takes
    /// No step of the engine's: a flaw's.
    case writes(Int)
    case works(Int)
    /// R5: a chunk has failed. First no queue hands out anything more, then all are told.
    case closes, raises
    /// The caller, between two chunks: who is to work.
    case decides
    case leaves
    /// The caller has nothing more to do. Whoever has not begun need not; the others are waited for, one after the other, each
    /// with the caller's priority (R8).
    case takesBack(Int)
    case awaits(Int)
    case lends(Int)
    /// The caller returns, or goes on to the undo (R6).
    case over
  }

  struct Thread: Hashable {
    var phase: Phase
    /// The node task that it is at.
    var nodeTask: Int
    var hasPermit = true
    /// It has been told to rest, and may be called again.
    var rests = false
    /// Whether it has begun a chunk since the last order, and whether it has ended one of these.
    var hasBegun = false
    var hasReported = false
    /// It had looked before the task was cancelled, and takes what it looked for.
    var mayTake = false
    var hasLoan = false
  }

  /// A node task: chunks before `next` are handed out. Closed, it hands out none.
  struct Queue: Hashable {
    let chunks: Range<Int>
    var next: Int
    var isClosed = false

    var remaining: Int { isClosed ? 0 : chunks.upperBound - next }
  }

  enum Fate: Hashable { case untouched, inHand, done, failed, doneTwice, begunTooLate }

  struct State: Hashable {
    /// The caller is the first.
    var threads: [Thread]
    var queues: [Queue]
    var fates: [Fate]
    /// The stop flag: chunks that failed, and whether the task was cancelled.
    var failures = 0
    var isCancelled = false
    /// The last order, and whether somebody may still have to be called or let rest for it.
    var onDuty: Int
    var isChanging = false

    var isStopped: Bool { failures > 0 || isCancelled }
    var isOver: Bool { threads[0].phase == .over }
  }

  /// What is up to chance where a thread has more than one way to go on.
  enum Chance: Hashable {
    case none, fails, retires
    case orders(Int)
    case refused
  }

  /// One thread's step; nil: somebody cancels the task.
  struct Step {
    var thread: Int?
    var chance = Chance.none
    var state: State
  }

  /// All threads have seats, permits and bodies, and none has begun.
  var start: State {
    var first = 0
    let queues = sizes.map { size in
      defer { first += size }
      return Queue(chunks: first..<first + size, next: first)
    }
    let seats = Policy.seats(sizes: sizes, nodes: sizes.map { _ in nil }, threads: threads, callersNode: nil)
    return State(
      threads: seats.enumerated().map { Thread(phase: $0 == 0 ? .looks : .called, nodeTask: $1) }, queues: queues,
      fates: Array(repeating: .untouched, count: first), onDuty: threads, isChanging: findsKnee)
  }

  /// Every way to go on.
  func steps(from state: State) -> [Step] {
    var steps = state.threads.indices.flatMap { self.steps(of: $0, from: state) }
    if mayBeCancelled && !state.isCancelled && !state.isOver {
      var next = state
      next.isCancelled = true
      for thread in next.threads.indices { next.threads[thread].mayTake = next.threads[thread].phase == .takes }
      steps.append(Step(thread: nil, state: next))
    }
    return steps
  }
}
