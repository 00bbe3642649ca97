@testable import KTask

/// What holds at every moment, whoever comes first and whatever goes wrong.
enum EnginePromise: String {
  case once = "a chunk is handed out once"
  case stop = "after a failure no chunk is handed out, and after a cancellation only to who had looked before"
  case loan = "one helper at a time has the caller's priority, and none in the end"
  case permit = "a helper that works has a permit, and in the end none has one"
  case call = "when the caller has nothing more to change, no helper rests that is wanted"
  case carried = "the caller can go on, or the one that it lends to, whoever else gets no CPU"
  case end = "nobody waits for ever, or goes round in circles"
  case whole = "in the end every chunk is done; or those that are done, and no others, are undone once"
}

/// What is wrong with a model on purpose: each breaks a promise, and so shows what a line of the engine is for.
enum EngineFlaw: CaseIterable {
  /// The next chunk is read, and what is next then is written.
  case takesInTwoSteps
  /// A thread that has looked at the flag before gets a chunk of another node task then.
  case raisesBeforeClosing
  case overlooksCancelling
  case leavesLoans
  case callsWithoutPermit
  /// What was idle when it was asked is all there was to call.
  case forgetsWhoIsAboutToRest
  case waitsForNobody
  case staysInPlace

  var breaks: EnginePromise {
    switch self {
    case .takesInTwoSteps: .once
    case .raisesBeforeClosing, .overlooksCancelling: .stop
    case .leavesLoans: .loan
    case .callsWithoutPermit: .permit
    case .forgetsWhoIsAboutToRest: .call
    case .waitsForNobody, .staysInPlace: .whole
    }
  }
}

extension EngineModel {
  /// The first promise that is broken in a state from which these are all the steps; nil: none.
  func brokenPromise(in state: State, _ steps: [Step]) -> EnginePromise? {
    if state.fates.contains(.doneTwice) { return .once }
    if state.fates.contains(.begunTooLate) { return .stop }
    let helpers = state.threads.dropFirst()
    if helpers.count(where: \.hasLoan) > (state.isOver ? 0 : 1) { return .loan }
    if helpers.contains(where: { $0.hasPermit ? state.isOver : !$0.isAtRest && !state.isOver }) { return .permit }
    if !state.isChanging && state.threads.prefix(state.onDuty).contains(where: \.rests) { return .call }
    if state.isOver { return isWhole(state) ? nil : .whole }
    if steps.isEmpty { return .end }
    if lends && !steps.contains(where: { $0.thread.map { $0 == 0 || state.threads[$0].hasLoan } ?? false }) {
      return .carried
    }
    return nil
  }

  /// R6, by the engine's own arithmetic.
  private func isWhole(_ state: State) -> Bool {
    let done = state.fates.indices.filter { state.fates[$0] == .done }
    if state.failures == 0 && done.count == state.fates.count { return true }
    let undone = state.queues.flatMap { queue in
      finishedRuns(
        start: queue.chunks.lowerBound, handedOut: (queue.next - queue.chunks.lowerBound, queue.next),
        failed: queue.chunks.filter { state.fates[$0] == .failed }.map { chunk in
          FailedChunk<Int, Trouble>(
            nodeTask: 0, start: chunk, end: chunk + 1, offset: chunk - queue.chunks.lowerBound, units: 1,
            error: Trouble(position: chunk))
        }
      ).flatMap { Array($0.start..<$0.end) }
    }
    return state.isStopped && undone == done
  }
}

extension EngineModel.Thread {
  var isAtRest: Bool { phase == .idle }
}
