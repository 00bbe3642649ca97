import Foundation
import Testing

/// A scenario, run again and again in one place.
struct Trial {
  let ground: Ground
  /// Where nothing fails.
  let plain: Injected
  /// The file's, as it is made each time.
  private let content: Data

  init(_ ground: Ground) throws {
    self.ground = ground
    try ground.remake()
    let before = ground.state()
    content = unsafe before.bytes.withUnsafeBytes { unsafe Data($0) }
    plain = try Injected(["count"], [BuiltProgram.path] + ground.words, report: ground.report)
    try #require(plain.end == .exit(ground.scenario.status), "without any failure: \(plain.end) \(plain.err)")
    let wrong = Aftermath(ground.scenario, plain, plain: plain, .init(), before, ground.state()).complaints
    try #require(wrong.isEmpty, "without any failure: \(wrong) \(plain.err)")
  }

  func run(under fault: Fault) throws -> Verdict {
    switch fault {
    case .injection(let injection):
      let bearing = Aftermath.Bearing(isStopped: injection.isSignal, isMute: injection.isMute)
      return try run(injection.words, [], bearing, "\(fault)")
    case .circumstance(let one):
      let bearing = Aftermath.Bearing(isMute: one.isMute, changes: one.changes)
      return try run(one.injector, one.words, bearing, "\(fault)")
    }
  }

  private func run(
    _ injector: [String], _ wrapper: [String], _ bearing: Aftermath.Bearing, _ name: String
  ) throws -> Verdict {
    try ground.remake()
    let before = ground.state(content: content)
    let run = try Injected(injector, wrapper + [BuiltProgram.path] + ground.words, report: ground.report)
    let line = "\(ground.scenario.name) | \(name)"
    if run.seconds > 5 { print("slow: \(line) | \(run.place) | \(run.seconds) s") }
    if ["fail", "signal"].contains(injector[0]), run.injections == 0 { return Verdict() }
    let wrong = Aftermath(ground.scenario, run, plain: plain, bearing, before, ground.state()).complaints
    if wrong.isEmpty { return Verdict(end: "\(run.end)") }
    let complaint = "make faults FAULTS='\(line)'\n\(run.end) at \(run.place)\n\(wrong)\n\(run.err)"
    return Verdict(end: "\(run.end)", complaint: complaint)
  }
}

/// What a run under a fault came to.
struct Verdict {
  /// How it ended; nil: nothing went wrong, since no such call was made.
  var end: String?
  /// The line that runs it again, and what is wrong.
  var complaint: String?
}
