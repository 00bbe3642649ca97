import LinuxSystem

extension Program {
  static func compare(_ command: Compare) -> ExitStatus {
    let comparison: Comparison
    do throws(Failure) {
      comparison = try Comparison(.read(command.first), .read(command.second))
    } catch {
      return fail(command, error)
    }
    do throws(Failure) {
      let plot = comparison.plot.svg()
      let export = try command.plot.map { path throws(Failure) in try Exports(text: plot, to: path) }
      if let failure = export?.writeText().first { throw failure }
      for warning in comparison.warnings where !command.json {
        Terminal.errors.write("ktaskctl: warning: \(warning.onOneLine)\n")
      }
      let report = command.json ? JSON.text(comparison.document) + "\n" : comparison.text()
      return answer(report + (command.plot == "-" ? plot : ""))
    } catch {
      return fail(command, error)
    }
  }

  private static func fail(_ command: Compare, _ failure: Failure) -> ExitStatus {
    show(failure)
    if command.json { Terminal.output.write(Document.failed("compare", failure).json() + "\n") }
    Terminal.flush()
    return failure.exitStatus
  }
}
