import TestSupport

/// One order of the model's threads, made from a seed, in the larger steps that a turnstile can tell apart: from where a thread
/// comes to a node task, or has got a chunk, to where it does so next.
struct PlannedOrder {
  let model: EngineModel
  /// The chunks that fail, and the one in whose midst the task is cancelled.
  private(set) var fails: Set<Int> = []
  private(set) var cancels: Int?
  /// How many the caller wants to work, each time that it decides.
  private(set) var shifts: [Int] = []

  private(set) var state: EngineModel.State
  private(set) var turns: [Turnstile.Turn] = []
  private var decisions = 0

  init(_ model: EngineModel, seed: Int) {
    self.model = model
    state = model.start
    var random = SplitMix64(seed: 9_000_000 + seed)
    let chunks = state.fates.count
    if random.number(0...2) == 0 { fails = [random.number(0...chunks - 1), random.number(0...chunks - 1)] }
    if random.number(0...3) == 0 { cancels = random.number(0...chunks - 1) }
    shifts = (0...chunks).map { _ in random.number(1...model.threads) }
    settle()
    while !state.isOver { takeTurn(random.one(of: ready)) }
  }

  /// Those that wait at the turnstile.
  private var ready: [Int] {
    state.threads.indices.filter(isAtGate)
  }

  private func isAtGate(_ thread: Int) -> Bool {
    switch state.threads[thread].phase {
    case .looks, .works: true
    default: false
    }
  }

  private mutating func takeTurn(_ thread: Int) {
    let before = state
    var step = Turnstile.Step(thread: thread)
    if case .works(let chunk) = state.threads[thread].phase {
      step.chunk = chunk..<chunk + 1
      if chunk == cancels { state.isCancelled = true }
    }
    var turn = Turnstile.Turn(
      step: step, waiting: ready.count, borrower: state.threads.firstIndex(where: \.hasLoan))
    goOn(thread)
    settle()
    turn.stops = state.isStopped && !before.isStopped
    turn.idle = state.threads.indices.filter { state.threads[$0].isAtRest && !before.threads[$0].isAtRest }
    turns.append(turn)
  }

  /// To its next gate, or as far as it can.
  private mutating func goOn(_ thread: Int) {
    while let step = model.steps(of: thread, from: state).first(where: isMeant) {
      let before = state.threads[thread].phase
      if before == .decides { decisions += 1 }
      state = step.state
      if isAtGate(thread) { return }
    }
  }

  /// Helpers that have been called come to the gate, and the caller waits for them when it has nothing more to do.
  private mutating func settle() {
    for thread in state.threads.indices {
      switch state.threads[thread].phase {
      case .called, .takesBack, .awaits, .lends: goOn(thread)
      default: break
      }
    }
  }

  private func isMeant(_ step: EngineModel.Step) -> Bool {
    var isToFail = false
    if let thread = step.thread, case .works(let chunk) = state.threads[thread].phase {
      isToFail = fails.contains(chunk)
    }
    switch step.chance {
    case .none: return !isToFail
    case .fails: return isToFail
    case .orders(let count): return count == shifts[decisions]
    case .retires, .refused: return false
    }
  }
}
