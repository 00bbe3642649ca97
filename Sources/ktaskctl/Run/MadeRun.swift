import KTask
import LinuxSystem
import MemoryWork

/// The run whose result is there; nothing is given back twice.
final class MadeRun {
  var run: (any PreparedRun)?
  /// Whether all runs before could be given back wholly.
  private var isComplete = true

  /// `monitor`: shows how far it is.
  func giveBack(_ monitor: TaskMonitor? = nil) -> GivenBack {
    var given = run?.giveBack(monitor) ?? GivenBack()
    run = nil
    isComplete = isComplete && given.isComplete
    given.isComplete = isComplete
    return given
  }
}

extension PlannedWork {
  /// What the last run has, and what the job changed for it. `isWatched`: it shows how far it is.
  func giveBackAll(isWatched: Bool = true) -> GivenBack {
    var given = made.giveBack(isWatched ? monitor : nil)
    given.isComplete = job.putBack() && given.isComplete
    return given
  }

  /// Takes back whatever the runs left, and by how much pools were raised for them, and notes it.
  func takeBack(_ outcome: inout Outcome, isWatched: Bool = true) {
    var given = giveBackAll(isWatched: isWatched)
    let isPoolBack = growth?.giveBack() ?? true
    given.isComplete = given.isComplete && isPoolBack
    outcome.undone = given
    outcome.kept = growth?.kept.map { $0.failure(in: .current()) } ?? []
  }
}
