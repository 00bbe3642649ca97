import Foundation
import TestSupport

/// What CI runs: lines as `make faults` tells them, always the same. Their calls come in every run, wherever it is and however its
/// threads take turns, so that one that does not come is a failure: occurrences are the first few of a call, or all from one of
/// these on. How much room a program needs to begin is another in each build: limits on that are left to samples by chance.
enum Sample {
  static let text: [String] = {
    let file = Checkout.folder.appending(path: "Tests/ktaskctlTests/Faults/sample.txt")
    let lines = (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n") ?? []
    return lines.filter { !$0.hasPrefix("#") }.map(String.init)
  }()

  static let lines = text.compactMap(FaultLine.init)

  /// Helpers' own, and those about nodes: not where there is one CPU, or a kernel without nodes.
  private static let local: Set = [
    "futex", "ioprio_get", "ioprio_set", "mbind", "move_pages", "sched_getscheduler", "sched_setaffinity",
    "setpriority",
  ]

  static func mustCome(_ fault: Fault) -> Bool {
    if case .injection(let injection) = fault { !local.contains(injection.call) } else { true }
  }
}
