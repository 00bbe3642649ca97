// The helpers' shifts, where a task finds its knee. All of it is the caller's, between two of its chunks: a helper that is to rest
// comes to the end of its chunk and is idle, as it is between two tasks, and is called again as it was called at first.

extension TaskRun where Work: ~Copyable {
  /// Says who begins. The others rest, and their helpers have no permits yet.
  func assignRanks() {
    for finder in finders?.all ?? [] {
      if finder.hasCaller { unsafe records[0].pointee.enter(UnsafePointer(finder.roster), rank: 0) }
      for (index, thread) in finder.helpers.enumerated() {
        unsafe records[thread].pointee.enter(UnsafePointer(finder.roster), rank: index + 1)
        if index + 1 < finder.onDuty { continue }
        unsafe records[thread].pointee.rests = true
        permits.giveBack(thread - 1)
      }
    }
  }

  /// After one of the caller's reports.
  func lookForKnee(_ pace: Pace) {
    guard let finders else { return }
    for finder in finders.all {
      if finder.hasLeavers {
        sendOn(finder, finders)
        continue
      }
      finder.decide(pace)
      if finder.isChanging { changeShifts(finder, finders.helpers, pace) }
    }
  }

  /// Calls those that are to work, and gives back the permits of those that rest. One that is still about to rest is called
  /// the next time.
  private func changeShifts(_ finder: KneeFinder, _ helpers: [Helper], _ pace: Pace) {
    var isChanging = false
    for (index, thread) in finder.helpers.enumerated() {
      let (helper, isWanted) = (helpers[thread - 1], index + 1 < finder.onDuty)
      if !helper.isIdle {
        isChanging = isChanging || !isWanted
      } else if !isWanted {
        permits.giveBack(thread - 1)
      } else if unsafe records[thread].pointee.rests {
        if !permits.takeAgain(thread - 1, on: unsafe seating.servers[records[thread].pointee.nodeTask]) {
          finder.lower(to: index + (finder.hasCaller ? 1 : 0), pace)
          continue
        }
        unsafe records[thread].pointee.rests = false
        bind(thread, helper)
        helper.call()
      }
    }
    finder.isChanging = isChanging || !finder.isComplete
  }
}

/// From one node to the next, where each has a finder of its own.
extension TaskRun where Work: ~Copyable {
  func isElsewhere(_ nodeTask: Int, than other: Int) -> Bool { finders.map { !$0.areOne(nodeTask, other) } ?? false }

  /// A thread whose node has nothing left. The caller works on in the next node's task; a helper rests, and the caller says whether
  /// that node has use for it.
  func leave(_ record: UnsafeMutablePointer<Record>) {
    unsafe record.pointee.roster?.pointee.noteLeaver()
    if unsafe record.pointee.isHelper {
      unsafe record.pointee.rests = true
    } else if let finder = unsafe finders?[record.pointee.nodeTask] {
      unsafe finder.joinCaller(record.pointee.pace)
      unsafe record.pointee.enter(UnsafePointer(finder.roster), rank: 0)
    }
  }

  /// The helpers at rest where nothing is left join the finder of another node.
  private func sendOn(_ finder: KneeFinder, _ finders: KneeFinders) {
    for index in finder.helpers.indices.reversed() {
      let thread = finder.helpers[index]
      let record = unsafe records[thread]
      guard finders.helpers[thread - 1].isIdle, unsafe record.pointee.rests else { continue }
      if unsafe finders[record.pointee.nodeTask] === finder {
        guard let next = unsafe nextNodeTask(for: thread, after: record.pointee.nodeTask) else { continue }
        unsafe record.pointee.nodeTask = next
        unsafe record.pointee.moves += 1
      }
      permits.giveBack(thread - 1)
      let next = unsafe finders[record.pointee.nodeTask]
      let rank = next.join(finder.letGo(at: index))
      unsafe record.pointee.enter(UnsafePointer(next.roster), rank: rank)
    }
  }
}
