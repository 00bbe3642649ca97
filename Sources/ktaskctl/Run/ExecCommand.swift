import Glibc
import KTask
import LinuxSystem
import MemoryWork

/// The command of `exec`, and what it is to find.
struct ExecCommand: Equatable {
  /// COMMAND's words as the user wrote them.
  var command: [String]
  /// The memory cannot be cut any more.
  var seal: Bool

  /// With the memory's name in place of every `{}`.
  func words(for path: String) -> [String] {
    command.map { $0.pieces(around: "{}").joined(separator: path) }
  }

  private var hasPlace: Bool { command.contains { $0.pieces(around: "{}").count > 1 } }

  var warnings: [String] {
    hasPlace ? [] : ["no word of COMMAND has {}, which stands for the memory's name: it will not find it"]
  }

  /// Why COMMAND cannot be run, as far as that is found before any memory is made; a word with {} is not known by then.
  var refusal: Errno? { command[0].pieces(around: "{}").count > 1 ? nil : Execution.refusal(of: command[0]) }
}

extension String {
  /// The parts before, between and after what looks like that to the kernel: whatever marks follow it.
  fileprivate func pieces(around mark: String) -> [Substring] {
    utf8.split(separator: mark.utf8, omittingEmptySubsequences: false).map { self[$0.startIndex..<$0.endIndex] }
  }
}

extension Program {
  /// Lets COMMAND take this process's place; comes back only where that failed, and then nothing is left.
  static func exec<Command: WorkCommand>(
    _ exec: ExecCommand, _ report: inout Report, _ telling: Telling<Command>, _ listeners: ProgressListeners
  ) -> ExitStatus {
    let file = telling.work.job.files[0]
    telling.watcher.handOver()
    if case .signal(let number)? = telling.watcher.end {
      return fail(&report, endedBy: number, before: "COMMAND was run", telling)
    }
    let words = exec.words(for: file.inheritedPath)
    do throws(MemoryError) {
      try file.handOver(sealing: exec.seal)
    } catch {
      return telling.fail(&report, Failure(error))
    }
    // what has not been read by now is COMMAND's to wait for no more than this program's
    listeners.flush { true }
    TaskControl.endIdleHelpers()
    do throws(Errno) {
      try telling.watcher.signals.inherited.restore()
      throw Execution.replace(by: words)
    } catch {
      return telling.fail(&report, Failure(command: words[0], error))
    }
  }
}
