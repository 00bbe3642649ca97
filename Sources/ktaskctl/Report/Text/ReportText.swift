import KTask
import LinuxSystem
import MemoryWork

extension Report {
  /// For standard output.
  func text(isPlanOnly: Bool, isVerbose: Bool) -> String {
    if isPlanOnly { return joined(plan.lines) }
    if plan.job is VerifyJob { return joined((isVerbose ? plan.lines : []) + findingLines) }
    if !errors.isEmpty || end != nil || outcome?.undone != nil { return joined(measuredLines) }
    var lines = isVerbose ? plan.lines : []
    if plan.hasNothingToDo { return joined(lines + plan.job.files.map { "\($0.path.shown): \(residentAlready($0))" }) }
    if plan.hold != nil { return joined(lines + [heldLine]) }
    if let release = plan.job as? ReleaseJob { return joined(lines + [releasedLine(release)]) }
    lines += [header] + Table.lines(results)
    if isVerbose { lines += threadLines + Chart.lines(results, utf8: Terminal.isUTF8) }
    lines += foundLines
    return joined(lines)
  }

  /// What a sweep came to that was not finished.
  private var measuredLines: [String] {
    let planned = plan.threadCounts.count * plan.runs
    let measured = results.reduce(0) { $0 + $1.times.count }
    if planned == 1 || measured == 0 { return [] }
    return [header] + Table.lines(results) + ["not finished: \(measured) of \(planned.counted("run")) measured"]
  }

  private func joined(_ lines: [String]) -> String { lines.map { $0.onOneLine + "\n" }.joined() }

  private func residentAlready(_ file: MemoryFile) -> String {
    if let release = plan.job as? ReleaseJob { return "has no pages\(release.within(file)), nothing to do" }
    return "\(ByteSize.text(file.length)) resident already, nothing to do" + (plan.hold == nil ? "" : ", \(held)")
  }

  /// What, how much, page size, nodes, runs.
  private var header: String {
    let runs = plan.runs.counted("run")
    let warmups = plan.warmup == 0 ? "" : ", \(plan.warmup) unmeasured before"
    return "\(plan.command) \(subject): \(ByteSize.text(plan.job.bytes)), \(plan.pageWord) pages, "
      + "\(plan.nodesText), \(pinWord)"
      + "\(plan.job.method?.rawValue ?? ""), \(runs)\(warmups)"
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

extension Plan {
  /// For --dry-run and -v.
  var lines: [String] {
    let counts = threadCounts.map(String.init).joined(separator: ", ")
    var lines = [
      "plan: \(command), \(ByteSize.text(job.bytes)) to do, \(pageWord) pages\(job.method.map { ", \($0.rawValue)" } ?? ""), "
        + "\(runs) measured and \(warmup) unmeasured runs",
      "  threads \(counts), chunk \(ByteSize.text(chunkBytes)) at most, by the clock (5 to 50 ms each)",
      "  " + priority.text(budget),
    ]
    lines += bounds.map { "  bound: \($0.what.rawValue): \($0.threads.counted("thread"))" }
    lines += Machine.shared.unknownBounds.map { "  bound: \($0.what.rawValue): not known, \($0.why)" }
    lines += job.nodeTasks.map {
      "  node task: \($0.node.map { "node \($0)" } ?? "any node"), \(ByteSize.text($0.range.count))"
    }
    lines += job.files.map {
      "  file: \($0.path.shown), \(ByteSize.text($0.length)), \(Self.ready($0))"
    }
    lines += (growth?.planned ?? []).map { "  " + $0.line }
    lines += checks.map { "  " + $0.line }
    return lines
  }

  /// What needs no work any more; what is not known to be ready is made.
  private static func ready(_ file: MemoryFile) -> String {
    file.residentBefore.map { "\(ByteSize.text($0)) there" } ?? "not known how much of it is there"
  }
}
