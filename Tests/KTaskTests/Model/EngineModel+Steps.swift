@testable import KTask

extension EngineModel {
  /// A thread's next step, in each way that it may go; none while it waits.
  func steps(of thread: Int, from state: State) -> [Step] {
    var next = state
    switch state.threads[thread].phase {
    case .idle, .over: return []
    case .called, .looks, .takes, .writes: return taking(thread, from: state)
    case .works(let chunk): return working(thread, chunk, from: state)
    case .closes:
      close(&next)
      next.threads[thread].phase = flaw == .raisesBeforeClosing ? .leaves : .raises
    case .raises:
      next.failures += 1
      next.threads[thread].phase = flaw == .raisesBeforeClosing ? .closes : .leaves
    case .decides: return deciding(from: state)
    case .leaves:
      if state.isStopped { close(&next) }
      next.threads[thread].phase = thread > 0 ? .idle : .takesBack(1)
    case .takesBack, .awaits, .lends: return joining(from: state)
    }
    return [Step(thread: thread, state: next)]
  }

  private func close(_ state: inout State) {
    for index in state.queues.indices { state.queues[index].isClosed = true }
  }

  // MARK: a chunk (TaskWork._drain)

  private func taking(_ thread: Int, from state: State) -> [Step] {
    var next = state
    switch state.threads[thread].phase {
    case .called: next.threads[thread].phase = .looks
    case .takes: take(thread, &next)
    case .writes(let chunk): hand(chunk, to: thread, &next)
    default: return looking(thread, from: state)
    }
    return [Step(thread: thread, state: next)]
  }

  private func looking(_ thread: Int, from state: State) -> [Step] {
    var (next, leaving) = (state, state)
    leaving.threads[thread].phase = .leaves
    if flaw == .overlooksCancelling ? state.failures > 0 : state.isStopped {
      return [Step(thread: thread, state: leaving)]
    }
    if thread >= state.onDuty {
      leaving.threads[thread].rests = true
      return [Step(thread: thread, state: leaving)]
    }
    next.threads[thread].hasBegun = true
    next.threads[thread].phase = .takes
    let mayRetire = !lends && thread > 0
    return [Step(thread: thread, state: next)]
      + (mayRetire ? [Step(thread: thread, chance: .retires, state: leaving)] : [])
  }

  private func take(_ thread: Int, _ state: inout State) {
    let queue = state.queues[state.threads[thread].nodeTask]
    if queue.remaining == 0 {
      seek(thread, &state)
    } else if flaw == .takesInTwoSteps {
      state.threads[thread].phase = .writes(queue.next)
    } else {
      hand(queue.next, to: thread, &state)
    }
  }

  private func hand(_ chunk: Int, to thread: Int, _ state: inout State) {
    state.queues[state.threads[thread].nodeTask].next = chunk + 1
    let isLate = state.failures > 0 || state.isCancelled && !state.threads[thread].mayTake
    state.fates[chunk] = isLate ? .begunTooLate : state.fates[chunk] == .untouched ? .inHand : .doneTwice
    state.threads[thread].mayTake = false
    state.threads[thread].phase = .works(chunk)
  }

  /// R3: goes to a node task that another thread is at (`OpenNodeTasks`): of two there is none that is nearer.
  private func seek(_ thread: Int, _ state: inout State) {
    state.threads[thread].phase = .leaves
    if state.isStopped || flaw == .staysInPlace { return }
    guard let next = state.threads.map(\.nodeTask).first(where: { state.queues[$0].remaining > 0 }) else { return }
    state.threads[thread].nodeTask = next
    state.threads[thread].phase = .looks
  }

  private func working(_ thread: Int, _ chunk: Int, from state: State) -> [Step] {
    var done = state
    if done.fates[chunk] == .inHand { done.fates[chunk] = .done }
    done.threads[thread].hasReported = done.threads[thread].hasBegun
    if findsKnee && thread == 0 { done.threads[0].phase = .decides }
    // nobody sees whether it looks later
    let ways = findsKnee && thread == 0 ? [Step(thread: 0, state: done)] : looking(thread, from: done)
    if !mayFail { return ways }
    var failed = state
    failed.fates[chunk] = .failed
    failed.queues[state.threads[thread].nodeTask].isClosed = true
    failed.threads[thread].phase = flaw == .raisesBeforeClosing ? .raises : .closes
    return ways + [Step(thread: thread, chance: .fails, state: failed)]
  }

  // MARK: who works (TaskRun+Knee)

  private func deciding(from state: State) -> [Step] {
    if state.isStopped {
      var next = state
      next.threads[0].phase = .leaves
      return [Step(thread: 0, state: next)]
    }
    return (1...threads).flatMap { count in
      var next = state
      next.threads[0].phase = .looks
      if count != state.onDuty { next.order(count) }
      if !next.isChanging { return [Step(thread: 0, chance: .orders(count), state: next)] }
      return changeShifts(next, Step(thread: 0, chance: .orders(count), state: next))
    }
  }

  /// Calls those that are to work, and gives back the permits of those that rest. Another task may have a permit by then.
  private func changeShifts(_ state: State, _ step: Step) -> [Step] {
    var ways = [step]
    var isChanging = [false]
    for helper in 1..<threads {
      for way in ways.indices {
        let isWanted = helper < ways[way].state.onDuty
        let one = ways[way].state.threads[helper]
        if one.phase != .idle {
          // one that is still about to rest is called the next time
          isChanging[way] = isChanging[way] || !isWanted
        } else if !isWanted {
          ways[way].state.threads[helper].hasPermit = false
        } else if one.rests {
          var refused = ways[way]
          refused.chance = .refused
          refused.state.order(helper)
          ways.append(refused)
          isChanging.append(isChanging[way])
          ways[way].state.threads[helper].hasPermit = flaw != .callsWithoutPermit
          ways[way].state.threads[helper].rests = false
          ways[way].state.threads[helper].phase = .called
        }
      }
    }
    for way in ways.indices {
      let isComplete = ways[way].state.threads.count { $0.hasReported } >= ways[way].state.onDuty
      ways[way].state.isChanging = isChanging[way] || (!isComplete && flaw != .forgetsWhoIsAboutToRest)
    }
    return ways
  }

  // MARK: the end (Team.join)

  private func joining(from state: State) -> [Step] {
    var next = state
    switch state.threads[0].phase {
    case .takesBack(let helper):
      if state.threads[helper].phase == .called { next.threads[helper].phase = .idle }
      next.threads[0].phase = helper + 1 < threads ? .takesBack(helper + 1) : .awaits(1)
    case .awaits(let helper):
      if state.threads[helper].phase == .idle || flaw == .waitsForNobody {
        goOn(&next, after: helper)
      } else {
        next.threads[helper].hasLoan = lends
        next.threads[0].phase = .lends(helper)
      }
    case .lends(let helper):
      if state.threads[helper].phase != .idle { return [] }
      if flaw != .leavesLoans { next.threads[helper].hasLoan = false }
      goOn(&next, after: helper)
    default: return []
    }
    return [Step(thread: 0, state: next)]
  }

  private func goOn(_ state: inout State, after helper: Int) {
    if helper + 1 < threads {
      state.threads[0].phase = .awaits(helper + 1)
    } else {
      for index in state.threads.indices { state.threads[index].hasPermit = false }
      state.threads[0].phase = .over
    }
  }
}

extension EngineModel.State {
  /// So many threads are to work. What was begun before tells nothing of them.
  mutating func order(_ count: Int) {
    (onDuty, isChanging) = (count, true)
    for index in threads.indices { (threads[index].hasBegun, threads[index].hasReported) = (false, false) }
  }
}
