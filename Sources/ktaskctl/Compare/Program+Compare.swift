import LinuxSystem
import MemoryWork

extension Program {
  static func compare(_ command: Compare) -> ExitStatus {
    do {
      let comparison = try Comparison(.read(command.first), .read(command.second))
      let plot = command.plot == nil ? "" : comparison.plot.svg()
      let export = try command.plot.map { path throws(Failure) in try Exports(text: plot, to: path) } ?? Exports()
      try export.refuseMixingUp(with: [command.first, command.second].map { ($0, FileIdentity(named: $0)) }, nil)
      try export.refuseSharing(withJSON: command.json)
      if !command.dryRun, let failure = export.writeText().first { throw failure }
      for warning in comparison.warnings where !command.json {
        Terminal.errors.write("ktaskctl: warning: \(warning.onOneLine)\n")
      }
      let report = command.json ? JSON.text(comparison.document) + "\n" : comparison.text()
      return answer(report + (command.dryRun ? "" : export.onOutput()))
    } catch let failure as Failure {
      return fail(command, failure)
    } catch {
      return answer(error, "compare", inJSON: command.json)
    }
  }

  private static func fail(_ command: Compare, _ failure: Failure) -> ExitStatus {
    show(failure)
    if command.json { Terminal.output.write(Document.failed("compare", failure).json() + "\n") }
    Terminal.flush()
    return failure.exitStatus
  }
}
