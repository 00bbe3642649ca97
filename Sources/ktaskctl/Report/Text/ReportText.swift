import KTask
import LinuxSystem
import MemoryWork

/// How text is wanted.
struct TextStyle: Sendable {
  var isPlanOnly = false
  var isVerbose = false
  /// The terminal shows block characters.
  var isUTF8 = false
  /// Columns.
  var width = Terminal.usualWidth
}

extension Report {
  /// What comes before any warning, for standard output too.
  func planText(_ style: TextStyle) -> String {
    let isWanted = style.isPlanOnly || (style.isVerbose && (plan.intent.isLook || !wasUndone))
    return isWanted ? joined(plan.lines) : ""
  }

  private var wasUndone: Bool { !failures.isEmpty || end != nil || outcome?.undone != nil }

  /// For standard output.
  func text(_ style: TextStyle) -> String {
    if style.isPlanOnly { return "" }
    if plan.intent.isLook { return joined((outcome?.verification?.findings ?? []).flatMap(\.lines)) }
    if wasUndone { return joined(measuredLines) }
    return joined(resultLines(style))
  }

  private func resultLines(_ style: TextStyle) -> [String] {
    if plan.intent.fillsStock && plan.bytes == 0 { return stockLines }
    if plan.hasNothingToDo { return plan.files.map { "\($0.path.shown): \(residentAlready($0))" } }
    if plan.hold != nil { return [heldLine] + sourceLines }
    if plan.intent.stock != nil && plan.intent.aim == .freeMemory { return returnedLines }
    if plan.bytes == 0 && plan.intent.makesPages { return grownLines + sourceLines }
    if let released = outcome?.verification?.released { return [releasedLine(released)] + shrunkLines(released) }
    let details =
      style.isVerbose
      ? threadLines + Chart.lines(results, utf8: style.isUTF8, width: style.width) + kneeLines(style) + storeLines : []
    return header + Table.lines(results) + details + foundLines(style) + closingLines + sourceLines + stockLines
  }

  /// What a sweep came to that was not finished.
  private var measuredLines: [String] {
    let planned = plan.threadCounts.count * plan.runs
    let measured = results.reduce(0) { $0 + $1.times.count }
    if planned == 1 || measured == 0 { return [] }
    return header + Table.lines(results) + ["not finished: \(measured) of \(planned.counted("run")) measured"]
  }

  private func joined(_ lines: [String]) -> String { lines.map { $0.onOneLine + "\n" }.joined() }

  private func residentAlready(_ file: PlannedFile) -> String {
    if plan.intent.aim == .freeMemory { return "has no pages\(file.within), nothing to do" }
    return "\(ByteSize.text(file.bytes)) resident already, nothing to do" + (plan.hold == nil ? "" : ", \(held)")
  }

  /// Of files that had all their pages, and not all their size.
  private var grownLines: [String] {
    plan.files.filter { $0.source == nil }.map { file in
      "\(file.path.shown): \(ByteSize.text(file.bytes)) resident already"
        + (file.size > file.sizeBefore ? ", extended to \(ByteSize.text(file.size))" : "")
    }
  }

  /// What, how much, page size, nodes, runs.
  private var header: [String] {
    let amount = "\(plan.command) \(subject): \(ByteSize.text(plan.bytes))"
    let how = [plan.nodesText, pinWord, plan.method?.rawValue].compactMap(\.self)
    return Wrapping.lines([amount, "\(plan.pageWord) pages"] + how + [plan.runs.counted("run")] + warmUpWord)
  }

  private var warmUpWord: [String] {
    if let warmUp = outcome?.warmUp {
      let unmeasured = warmUp.times.count - 1 + plan.warmup * plan.threadCounts.count
      return ["warmed up by \(unmeasured.counted("run"))"]
    }
    return plan.warmup == 0 ? [] : ["\(plan.warmup) unmeasured before"]
  }

  private var pinWord: String? {
    guard let pin = plan.intent.pin, pin.with != .mlock else { return nil }
    return "with \(pin.with.text)"
  }

  private func foundLines(_ style: TextStyle) -> [String] {
    if plan.words.verify == .nothing { return ["not verified, as was asked for"] }
    guard let found = outcome?.verification else { return [] }
    var facts = ["\(found.residentBytes.map { ByteSize.text($0) } ?? "not known how much") resident"]
    if let huge = found.hugeBytes, huge > 0 { facts.append("\(ByteSize.text(huge)) of it in huge pages") }
    if found.isZero == true { facts.append("all zero") }
    if plan.words.verify == .residency { facts.append("contents not looked at") }
    if let locked = found.lockedBytes {
      let isPool = found.pageSize > MemoryInfo.basePageSize && locked == 0
      facts.append(isPool ? "in a pool, whose pages are never swapped" : "\(ByteSize.text(locked)) locked (VmLck)")
    }
    if let pinned = found.pinnedBytes { facts.append("\(ByteSize.text(pinned)) pinned (VmPin)") }
    if let seen = found.addresses { facts.append("devices see it at \(seen.text)") }
    if found.bytesByNode.count > 1 || plan.placesMemory { facts += nodeFacts(found.bytesByNode) }
    return Wrapping.lines(["verified: " + facts[0]] + facts.dropFirst())
  }

  private func nodeFacts(_ bytesByNode: [Int: Int]) -> [String] {
    bytesByNode.sorted { $0.key < $1.key }.map { "\(ByteSize.text($0.value)) on node \($0.key)" }
  }

  /// What cleared in place, and what one thread did with each that was tried.
  private var storeLines: [String] {
    (outcome?.counts ?? []).compactMap { count in
      count.store.map { "\(count.threads.counted("thread")): cleared with \($0.text)" }
    }
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

extension StoreUse {
  /// "stores past the caches (12.10 GiB/s; string stores 9.80, the C library's stores 8.20)"
  fileprivate var text: String {
    guard let best = tried[store] else { return "\(store.text) (not tried)" }
    let others = Memory.Store.allCases.filter { $0 != store }.compactMap { other in
      tried[other].map { "\(other.text) \(($0 / BinaryUnit.gib).fixed(2))" }
    }
    return "\(store.text) (\((best / BinaryUnit.gib).fixed(2)) GiB/s; \(others.joined(separator: ", ")))"
  }
}

extension Memory.Store {
  /// In words.
  fileprivate var text: String {
    switch self {
    case .memset: "the C library's stores"
    case .repStosb: "string stores"
    case .nonTemporal: "stores past the caches"
    }
  }
}
