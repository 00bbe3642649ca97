import Glibc
import LinuxSystem

/// What the library in COMMAND is told, in COMMAND's environment.
struct PreloadSettings {
  var command: RunCommand
  var library: String

  /// The report's file by a name that stays the same when COMMAND changes its directory; `-` and `json` as they are.
  var report: String? {
    guard let report = command.report, report != "-", report != "json", !report.hasPrefix("/") else {
      return command.report
    }
    return (Execution.workingDirectory() ?? "") + "/" + report
  }

  /// A name, and its value.
  func environment() -> [(name: String, value: String?)] {
    let before = Terminal.environment("LD_PRELOAD")
    var entries: [(name: String, value: String?)] = [
      ("LD_PRELOAD", Preload.list(library, before: before)), ("KTASK_RUN", text), ("KTASK_RUN_REPORT", report),
    ]
    // what the library puts back for what COMMAND starts
    entries.append(("KTASK_RUN_PRELOAD", command.noChildren ? before.map { "LD_PRELOAD=" + $0 } : nil))
    return entries
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
