import KTask
import LinuxSystem
import MemoryWork

extension Plan {
  /// What it is all about.
  var subject: String {
    Self.subject(intent.fillsStock ? intent.paths : files.map(\.path))
  }

  /// In a line, however many there are.
  static func subject(_ files: [String]) -> String {
    if files.isEmpty { return "anonymous memory" }
    let named = files.prefix(3).map(\.shown).joined(separator: ", ")
    return files.count > 3 ? "\(named) and \((files.count - 3).counted("other file"))" : named
  }

  var policyWord: String? { placesMemory ? (words.policy ?? .bind).rawValue : nil }

  /// For the header: "nodes 0-1 (bind)"; nil: nothing is said of nodes.
  var nodesText: String? {
    let nodes = NodeSet(nodeTasks.compactMap(\.node))
    guard let policyWord else { return nil }
    return "\(nodes.numbers.count == 1 ? "node" : "nodes") \(nodes) (\(policyWord))"
  }

  /// Pages in the words of the command line.
  var pageWord: String {
    wantsTransparent || words.pageSize == .transparent ? "thp" : PageSizeWord.text(pageSize)
  }

  /// The command that does one thread count's part again, in as few words as say all that it depends on.
  func commandLine(threads: Int) -> String {
    var words = ["ktaskctl", command]
    words += intent.regions.isEmpty ? intent.paths.map(quotedFile) : []
    words += intent.regions.flatMap { ["--region", quotedForShell($0.text)] }
    if let size = self.words.size { words += ["--size", PageSizeWord.text(size.bytes)] }
    if let offset = intent.offset { words += ["--offset", PageSizeWord.text(offset)] }
    if let nodes = self.words.nodes { words += ["--nodes", quotedForShell(nodes.text)] }
    if let policy = self.words.policy { words += ["--policy", policy.rawValue] }
    if files.isEmpty && intent.makesItsOwnMemory {
      words += ["--page-size", pageWord]
    } else if let page = self.words.pageSize {
      words += ["--page-size", page.text]
    }
    words += intent.pin?.words ?? []
    if let method = self.words.method { words += ["--method", method.rawValue] }
    words += intent.ownWords
    words += (intent.pool?.words ?? []) + intent.newFiles.words
    if let proof = self.words.verify, proof != .full { words += ["--verify", proof.rawValue] }
    if self.words.evenIfOpen { words.append("--even-if-open") }
    let minimum = self.words.minChunk.bytes
    if minimum != usualMinimumChunk { words += ["--min-chunk", PageSizeWord.text(minimum)] }
    words += self.words.helpers.changed + ["--threads", "\(threads)"]
    if let exec = intent.exec { words += ["--"] + exec.command.map(quotedForShell) }
    return words.joined(separator: " ")
  }
}

extension Plan {
  /// For --dry-run and -v.
  var lines: [String] {
    let counts = threadCounts.map(String.init).joined(separator: ", ")
    var lines = [
      "plan: \(command), \(ByteSize.text(bytes +| files.map(\.behindEnd).sum())) to do, \(pageWord) pages\(method.map { ", \($0.rawValue)" } ?? ""), "
        + "\(runs) measured and \(warmup) unmeasured runs"
        + (warmsUp ? ", more of these until two agree, at most \(WarmUp.most)" : ""),
      "  threads \(counts), chunk \(ByteSize.text(chunkBytes)) at most, by the clock (5 to 50 ms each)",
      "  " + helpers.text,
    ]
    lines += bounds.map { "  bound: \($0.what.rawValue): \($0.threads.counted("thread"))" }
    lines += unknownBounds.map { "  bound: \($0.what.rawValue): not known, \($0.why)" }
    lines += nodeTasks.map {
      "  node task: \($0.node.map { "node \($0)" } ?? "any node"), \(ByteSize.text($0.range.count))"
    }
    lines += files.map {
      let name = $0.name.map { " (\($0.shown))" } ?? ""
      let source = $0.source.flatMap { $0 == .there ? nil : $0.text }
      let behind = $0.behindEnd > 0 ? ", \(ByteSize.text($0.behindEnd)) behind its end" : ""
      return "  file: \($0.path.shown)\(name), \(ByteSize.text($0.bytes)), \(source ?? Self.ready($0))\(behind)"
    }
    lines += (growth ?? []).map { "  " + $0.line } + (shrink ?? []).map { "  " + $0.line }
    lines += checks.map { "  " + $0.line }
    return lines
  }

  /// What needs no work any more; what is not known to be ready is made.
  private static func ready(_ file: PlannedFile) -> String {
    file.residentBefore.map { "\(ByteSize.text($0)) there" } ?? "not known how much of it is there"
  }
}
