extension Comparison {
  /// What makes the ratio one of unlike things, or doubtful.
  var warnings: [String] {
    let unlike: [(what: String, first: String?, second: String?)] = [
      ("commands", first.command, second.command),
      ("amounts", first.request?.bytes.map { ByteSize.text($0) }, second.request?.bytes.map { ByteSize.text($0) }),
      ("pages", first.request?.pageSize, second.request?.pageSize),
      ("methods", first.request?.method, second.request?.method),
      ("nodes", first.request.map { $0.nodes ?? "any" }, second.request.map { $0.nodes ?? "any" }),
      ("hosts", first.host?.name, second.host?.name),
      ("processors", first.host?.processor, second.host?.processor),
      ("kernels", first.host?.kernel, second.host?.kernel),
      ("numbers of allowed CPUs", first.host?.allowedCPUs.map(String.init), second.host?.allowedCPUs.map(String.init)),
    ]
    let differences = unlike.compactMap { what, first, second -> String? in
      guard let first, let second, first != second else { return nil }
      return "not the same \(what): \(first.shown) and \(second.shown)"
    }
    return differences + [leftOut, tooShort, doubt].compactMap(\.self)
  }

  private var leftOut: String? {
    let common = Set(rows.map(\.threads))
    let alone = Set(first.times.keys).symmetricDifference(second.times.keys).subtracting(common).sorted()
    return alone.isEmpty ? nil : "only one of them has \(ThreadRequest.counts(alone).text) threads"
  }

  private var tooShort: String? {
    let short = rows.filter(\.isTooShort).map(\.threads)
    if short.isEmpty { return nil }
    return "runs that took no time tell nothing: --threads \(ThreadRequest.counts(short).text)"
  }

  /// Too few runs.
  private var doubt: String? {
    let timed = rows.filter { !$0.isTooShort }
    let least = timed.map { $0.interval?.confidence ?? 0 }.min()
    guard let least, least < MedianInterval.wanted else { return nil }
    let fewest = timed.flatMap { [$0.runs.first, $0.runs.second] }.min() ?? 0
    let runs = MedianInterval.runsForWanted
    let wanted = "\((MedianInterval.wanted * 100).fixed(0)) % takes --runs \(runs) for both"
    if least == 0 { return "a single run tells nothing of its neighbours: \(wanted)" }
    return "\(fewest.counted("run")) make the interval sure to \((least * 100).fixed(0)) % only: \(wanted)"
  }
}
