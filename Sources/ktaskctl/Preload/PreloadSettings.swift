import Glibc
import LinuxSystem

/// What the library in COMMAND is told, in COMMAND's environment.
struct PreloadSettings {
  var command: RunCommand
  var library: String

  /// The report's file, where it is one.
  var reportFile: String? { command.report.flatMap { $0 == "-" || $0 == "json" ? nil : $0 } }

  /// By a name that stays the same when COMMAND changes its directory; `-` and `json` as they are.
  private func report() throws(Errno) -> [UInt8]? {
    guard let file = reportFile, !file.hasPrefix("/") else { return command.report.map { Array($0.utf8) } }
    return try Execution.workingDirectory() + Array("/\(file)".utf8)
  }

  /// A name, and its value.
  func environment() throws(Errno) -> [(name: String, value: [UInt8]?)] {
    let own: [(name: String, value: [UInt8]?)] = [
      ("LD_PRELOAD", Preload.list(library, before: Environment.bytes("LD_PRELOAD"))), ("KTASK_RUN", Array(text.utf8)),
      ("KTASK_RUN_REPORT", try report()),
    ]
    return own + own.map { entry in ("KTASK_RUN_BEFORE_" + entry.name, command.noChildren ? before(entry.name) : nil) }
  }

  /// The whole entry, which the library puts back for what COMMAND starts.
  private func before(_ name: String) -> [UInt8]? {
    Environment.bytes(name).map { Array("\(name)=".utf8) + $0 }
  }

  private var text: String {
    let helpers = command.helpers
    let fields = [
      "version=\(Ktaskctl.version)", "pid=\(getpid())", "least=\(command.least.bytes)", "threads=\(threads)",
      "max-threads=\(helpers.maxHelpers.map { $0 + 1 } ?? 0)", "nice=\(helpers.nice)",
      "lend=\(helpers.noLend ? 0 : 1)", "ignore-power=\(helpers.ignorePowerPolicy ? 1 : 0)",
      "thp=\(command.pageSize == .transparent ? 1 : 0)", "children=\(command.noChildren ? 0 : 1)",
      "verbose=\(command.verbose ? 1 : 0)",
    ]
    return (fields + (filters.map { ["filters=\($0)"] } ?? [])).joined(separator: ",")
  }

  /// 0: as the policy has it.
  private var threads: Int {
    switch command.threads {
    case .automatic: 0
    case .all: (try? CPUSet.allowed().count) ?? 0
    case .counts(let counts): counts[0]
    }
  }

  /// Seccomp filters that COMMAND begins with: those that it adds are another matter.
  private var filters: Int? {
    let lines = (SystemFiles().text("/proc/self/status") ?? "").split(separator: "\n")
    return lines.first { $0.hasPrefix("Seccomp_filters:") }.flatMap { $0.split { $0 == "\t" || $0 == " " }.last }
      .flatMap { Int($0) }
  }
}
