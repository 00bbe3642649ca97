import ArgumentParser
import LinuxSystem
import MemoryWork

extension StockService {
  /// Until a name comes or goes, a signal, or for so long; the exit status, where that is the end.
  mutating func wait(_ limit: Int) -> ExitStatus? {
    if isGone { return end(Failure(command.subject, "the directory is gone")) }
    do throws(Errno) {
      let signals = try SignalDescriptor(signals.heard)
      switch try signals.next(orEndOfInput: false, orReadable: watch.value.number, milliseconds: limit) {
      case .signal(let number): return hear(number)
      case .readable: forget()
      case .inputEnded, nil: break
      }
      return isGone ? end(Failure(command.subject, "the directory is gone")) : nil
    } catch {
      return end(Failure(command.subject, "waiting for the next failed: \(error.sentence)", errno: error))
    }
  }

  /// SIGHUP: the settings are read again; SIGUSR1 asks how it is. Any other ends it; the exit status then.
  mutating func hear(_ signal: Int32) -> ExitStatus? {
    switch signal {
    case HeardSignals.question:
      Terminal.errors.offer("ktaskctl: stock \(command.subject): \(status)\n".forReader)
      return nil
    case HeardSignals.reloading:
      reload()
      return nil
    default:
      manager?.tell(["STOPPING=1", "STATUS=stopped: what is ready stays"])
      Terminal.flush { true }
      return .done
    }
  }

  /// Those that make no sense are told, and the last ones stay.
  private mutating func reload() {
    // who waits for the start is told by that one's end
    if isReady { manager?.tell(["RELOADING=1", "MONOTONIC_USEC=\(Clock.now() / 1000)"]) }
    do {
      let read = try StockCommand.understood(words)
      if read.directory != command.directory {
        throw Failure(command.subject, "another stock takes another service", .usage)
      }
      command = read
    } catch let failure as Failure {
      complain(failure)
    } catch {
      complain(StockCommand.misuse(error))
    }
    // the reload is over when the settings are read, not when the stock is as they say, which may take long
    if isReady { manager?.tell(["READY=1"]) }
  }

  private func end(_ failure: Failure) -> ExitStatus {
    Program.show(failure)
    manager?.tell(["STATUS=failed: \(failure.why.onOneLine)"])
    Terminal.flush { true }
    return failure.exitStatus
  }
}

extension StockCommand {
  /// The command that these words and the settings' file that they name make; throws what is wrong with them.
  static func understood(_ words: [String]) throws -> StockCommand {
    let own = try parse(words)
    guard let settings = own.settings else { return own }
    let all = try parse(StockSettings.words(words, with: settings))
    try all.validateWhat()
    return all
  }

  private static func parse(_ words: [String]) throws -> StockCommand {
    let parsed = try Ktaskctl.command([StockCommand._commandName] + Words.understood(words))
    guard let command = parsed as? StockCommand else {
      throw Failure(wrongUsage: "no stock", remedy: "ktaskctl stock --help")
    }
    return command
  }

  static func misuse(_ error: any Error) -> Failure {
    let misuse = Misuse.of(Ktaskctl.message(for: error), name, words: [])
    return Failure(wrongUsage: misuse.why, remedy: misuse.remedy)
  }

  /// What messages call it.
  var subject: String { (directory ?? "").shown }
}
