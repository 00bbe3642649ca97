import LinuxSystem

extension Program {
  /// Lets COMMAND take this process's place, with the library in front of its C library; comes back only where that failed.
  static func run(_ command: RunCommand) -> ExitStatus {
    let words = command.command.flatMap(\.words)
    do throws(Failure) {
      let settings = try PreloadSettings(command: command, library: Preload.path())
      let started = try started(words)
      if let obstacle = started.obstacle, !command.bestEffort {
        throw Failure(words[0].shown, obstacle.why, remedy: obstacle.remedy, .notSupported, path: started.program)
      }
      let plan = RunPlan(settings: settings, started: started, words: words)
      if command.dryRun { return answer(plan.text.forReader) }
      if command.verbose { Terminal.errors.write(plan.line.forReader + "\n") }
      if let report = settings.reportFile { try makeReport(report, isToCome: started.obstacle == nil) }
      if started.obstacle == nil { try prepare(settings) }
      Terminal.flush()
      throw Failure(command: words[0], Execution.replace(by: words))
    } catch {
      outliveFileSizes()
      show(error)
      Terminal.flush()
      return error.exitStatus
    }
  }

  private static func started(_ words: [String]) throws(Failure) -> StartedProgram {
    do throws(Errno) {
      return try StartedProgram(words[0])
    } catch {
      throw Failure(command: words[0], error)
    }
  }

  private static func prepare(_ settings: PreloadSettings) throws(Failure) {
    try Failure.settingUp("setting COMMAND's environment") { () throws(Errno) in
      for entry in try settings.environment() { try Environment.set(entry.name, entry.value) }
    }
  }

  /// Empty until COMMAND ends, and for good where its calls cannot be reached: where it cannot be written that is said
  /// before COMMAND has run for hours.
  private static func makeReport(_ path: String, isToCome: Bool) throws(Failure) {
    do throws(Errno) {
      // who reads a pipe would take the end of this for the end of all
      if isToCome, try kind(path) == .fifo { return }
      let file = try FileDescriptor.open(path, [.writeOnly, .createToRead, .followLinks], mode: 0o644)
      if try file.status().kind == .regular, try !isStream(file) { try file.resize(to: 0) }
    } catch {
      // and of what does not come nobody waits for the end there
      if error == .noSuchDevice && !isToCome { return }
      throw Failure(path.shown, "the report could not be written: \(error.sentence)", path: path, errno: error)
    }
  }

  /// nil: there is none.
  private static func kind(_ path: String) throws(Errno) -> FileStatus.Kind? {
    do throws(Errno) {
      return try FileDescriptor.open(path, [.pathOnly, .followLinks]).status().kind
    } catch {
      if error == .noEntry { return nil }
      throw error
    }
  }

  /// Whether COMMAND's own words go there, too.
  private static func isStream(_ file: borrowing FileDescriptor) throws(Errno) -> Bool {
    let id = try file.status().id
    return [1, 2].contains { (try? FileStatus(of: $0))?.id == id }
  }
}

/// What `run` does, in words.
struct RunPlan {
  var settings: PreloadSettings
  var started: StartedProgram
  var words: [String]

  /// In one line.
  var line: String {
    if let obstacle = started.obstacle { return "ktaskctl: \(words[0].shown): run as it is: \(obstacle.why)" }
    return "ktaskctl: \(words[0].shown): calls of \(settings.command.least.text) or more are made parallel, by "
      + settings.library.shown
  }

  var text: String {
    var rows = [
      ("command", words.map(quotedForShell).joined(separator: " ")),
      ("program", started.program.shown),
      ("calls", started.obstacle.map { "left alone: it \($0.why)" } ?? "of \(settings.command.least.text) or more"),
    ]
    if started.obstacle == nil {
      rows += [
        ("threads", settings.command.threads.text), ("library", settings.library.shown),
        ("children", settings.command.noChildren ? "left alone" : "as COMMAND"),
      ]
    }
    if let report = settings.command.report { rows.append(("report", report.shown)) }
    return rows.map { name, value in name + String(repeating: " ", count: 10 - name.count) + value + "\n" }.joined()
  }
}
