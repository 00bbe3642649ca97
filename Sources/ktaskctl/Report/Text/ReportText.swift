import KTask
import LinuxSystem
import MemoryWork

/// How text is wanted.
struct TextStyle: Sendable {
  var isPlanOnly = false
  var isVerbose = false
  /// The terminal shows block characters.
  var isUTF8 = false
}

extension Report {
  /// For standard output.
  func text(_ style: TextStyle) -> String {
    if style.isPlanOnly { return joined(plan.lines) }
    let planLines = style.isVerbose ? plan.lines : []
    if plan.intent.isLook { return joined(planLines + (outcome?.verification?.findings ?? []).flatMap(\.lines)) }
    if !failures.isEmpty || end != nil || outcome?.undone != nil { return joined(measuredLines) }
    return joined(planLines + resultLines(style))
  }

  private func resultLines(_ style: TextStyle) -> [String] {
    if plan.hasNothingToDo { return plan.files.map { "\($0.path.shown): \(residentAlready($0))" } }
    if plan.hold != nil { return [heldLine] }
    if let released = outcome?.verification?.released { return [releasedLine(released)] }
    let details = style.isVerbose ? threadLines + Chart.lines(results, utf8: style.isUTF8) : []
    return [header] + Table.lines(results) + details + foundLines
  }

  /// What a sweep came to that was not finished.
  private var measuredLines: [String] {
    let planned = plan.threadCounts.count * plan.runs
    let measured = results.reduce(0) { $0 + $1.times.count }
    if planned == 1 || measured == 0 { return [] }
    return [header] + Table.lines(results) + ["not finished: \(measured) of \(planned.counted("run")) measured"]
  }

  private func joined(_ lines: [String]) -> String { lines.map { $0.onOneLine + "\n" }.joined() }

  private func residentAlready(_ file: PlannedFile) -> String {
    if plan.intent.aim == .freeMemory { return "has no pages\(file.within), nothing to do" }
    return "\(ByteSize.text(file.bytes)) resident already, nothing to do" + (plan.hold == nil ? "" : ", \(held)")
  }

  /// What, how much, page size, nodes, runs.
  private var header: String {
    let runs = plan.runs.counted("run")
    let warmups = plan.warmup == 0 ? "" : ", \(plan.warmup) unmeasured before"
    return "\(plan.command) \(subject): \(ByteSize.text(plan.bytes)), \(plan.pageWord) pages, "
      + "\(plan.nodesText), \(pinWord)"
      + "\(plan.method?.rawValue ?? ""), \(runs)\(warmups)"
  }

  private var pinWord: String {
    guard let pin = plan.intent.pin, pin.with != .mlock else { return "" }
    return "with \(pin.with.text), "
  }

  private var foundLines: [String] {
    guard let found = outcome?.verification else { return [] }
    var facts = ["\(found.residentBytes.map { ByteSize.text($0) } ?? "not known how much") resident"]
    if let huge = found.hugeBytes, huge > 0 { facts.append("\(ByteSize.text(huge)) of it in huge pages") }
    if found.isZero == true { facts.append("all zero") }
    if let locked = found.lockedBytes {
      let isPool = found.pageSize > MemoryInfo.basePageSize && locked == 0
      facts.append(isPool ? "in a pool, whose pages are never swapped" : "\(ByteSize.text(locked)) locked (VmLck)")
    }
    if let pinned = found.pinnedBytes { facts.append("\(ByteSize.text(pinned)) pinned (VmPin)") }
    if let seen = found.addresses { facts.append("devices see it at \(seen.text)") }
    if let store = found.store { facts.append("cleared with \(store)") }
    if found.bytesByNode.count > 1 || plan.placesMemory { facts += nodeFacts(found.bytesByNode) }
    return ["verified: " + facts.joined(separator: ", ")]
  }

  private func nodeFacts(_ bytesByNode: [Int: Int]) -> [String] {
    bytesByNode.sorted { $0.key < $1.key }.map { "\(ByteSize.text($0.value)) on node \($0.key)" }
  }

  private var threadLines: [String] {
    (outcome?.counts ?? []).flatMap { count in
      count.helpers.enumerated().map { index, thread in
        let name = index == 0 ? "caller" : "helper \(index)"
        return "  \(count.threads.counted("thread")), \(name): \(thread.chunks.counted("chunk")), "
          + "\(ByteSize.text(thread.bytes)), "
          + thread.seconds.asTime
      }
    }
  }
}
