import Foundation

/// What is wrong after a run: with what it said, and with what it left.
struct Aftermath {
  let scenario: Scenario
  let run: Injected
  let before: GroundState
  let after: GroundState
  /// The same without a failure.
  let plain: Injected
  let bearing: Bearing
  private let answer: Answer?

  /// What of a failure, or of circumstances, bears upon what may be expected.
  struct Bearing {
    /// SIGTERM came.
    var isStopped = false
    /// Its words may reach nobody.
    var isMute = false
    /// Places of the document that are true and others.
    var changes: [String] = []
  }

  init(
    _ scenario: Scenario, _ run: Injected, plain: Injected, _ bearing: Bearing, _ before: GroundState,
    _ after: GroundState
  ) {
    (self.scenario, self.run, self.plain, self.bearing) = (scenario, run, plain, bearing)
    (self.before, self.after) = (before, after)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    answer = try? decoder.decode(Answer.self, from: Data(run.out.utf8))
  }

  private static let failures: Set<Int32> = [1, 3, 4, 5, 6, 7, 8, 64]

  var complaints: [String] { endsComplaints + unsound }

  /// Whatever happens, what is called ready is.
  private var unsound: [String] {
    after.stock.filter { $0.state == "ready" && !$0.isReady }.map { "\($0.name) is not ready" }
  }

  private var endsComplaints: [String] {
    switch run.end {
    case .hung: ["hangs: \(run.threads.joined(separator: "; "))"]
    case .exit(143) where bearing.isStopped: failure(143)
    // before it listens, or when all has been said
    case .signal(15) where bearing.isStopped: changes.isEmpty || unmet.isEmpty ? [] : changes
    // as any filter
    case .signal(SIGPIPE) where (isExec || isTopology || scenario.words[0] == "compare") && isMute: untouched
    case .signal(let number): ["dies of signal \(number)"]
    case .exit(0) where scenario.status == 0: success
    case .exit(0): ["says yes, and is to say \(scenario.status)"]
    case .exit(scenario.status): untouched + falsehoods
    // a demand that could not be looked at is not met
    case .exit(2) where scenario.words[0] == "verify" && (hasMessage || isMute): untouched + falsehoods
    // COMMAND's own
    case .exit(1) where isExec && run.err.contains("stat: cannot"): untouched
    case .exit(let status) where Self.failures.contains(status): failure(status)
    case .exit(let status) where isExec && [126, 127].contains(status): untouched
    // there is too little for the dynamic linker or the shell
    case .exit(let status) where [126, 127, 2].contains(status) && !hasMessage: untouched
    case .exit(let status): ["ends with \(status)"]
    }
  }

  private var isExec: Bool { if case .ran = scenario.goal { true } else { false } }
  private var isJSON: Bool { scenario.words.contains("--json") }
  private var isTopology: Bool { scenario.words[0] == "topology" }
  private var isMute: Bool { bearing.isMute }
  private var changes: [String] { after.changes(since: before, onDisk: scenario.place == "ext4") }
  private var untouched: [String] { changes.map { "untouched, but \($0)" } }

  private var falsehoods: [String] {
    guard let said = Claims(run.out), let truth = Claims(plain.out) else { return nothingFalse }
    let isDone = run.end == .exit(scenario.status)
    // a stock's files are others each time, and may have been made where there was one to take
    var others = bearing.changes + (scenario.words.contains("STOCK") ? ["files."] : [])
    // what the kernel keeps of a disk's file it may let go at any time
    if scenario.place == "ext4" {
      others += [
        "files.0.already_resident_bytes", "files.0.added_bytes", "files.0.pages_by_node", "verified.resident_bytes",
      ]
    }
    // what is left to the program may be chosen otherwise, where less is known
    if !scenario.words.contains("--page-size"), said.values["request.page_size"] != truth.values["request.page_size"] {
      others += ["verified.page_size", "verified.huge_bytes"]
    }
    // its number is what is free
    if scenario.place == "memfd" { others.append("files.0.path") }
    return said.falsehoods(against: truth, isDone: isDone, but: others) + nothingFalse
  }

  /// A nothing that is no nothing, in words for people.
  private var nothingFalse: [String] {
    let lines = (run.out + run.err).split(separator: "\n")
    return lines.filter { line in
      [", 0 B are", " 0 are free", ", 0 B available", " 0 available"].contains { line.contains($0) }
        && !plain.out.contains(line)
    }.map { "says “\($0)”" }
  }

  // MARK: status 0

  private var success: [String] {
    var wrong: [String] = []
    if isJSON && !isTopology && !isMute {
      if answer == nil { wrong.append("no document") }
      if answer?.errors.isEmpty == false { wrong.append("done, with errors") }
    }
    if isJSON && isTopology && !isMute && Claims(run.out) == nil { wrong.append("no document") }
    if answer?.undone != nil { wrong.append("done, and undone") }
    return wrong + unmet + falsehoods + exported(done: true)
  }

  private var unmet: [String] {
    switch scenario.goal {
    case .nothing: scenario.place == nil || scenario.words[0] == "pin" ? [] : untouched
    case .ran(let words): run.out == words || isMute ? [] : ["COMMAND said “\(run.out)”"]
    case .removed: after.size == nil ? [] : ["the file is still there"]
    case .released: after.allocated == 0 ? [] : ["\(after.allocated) bytes are still allocated"]
    case .resident: missing + contentLost
    case .stocked(let count): after.stock.map(\.state) == Array(repeating: "ready", count: count) ? [] : badStock
    case .taken: missing + contentLost + (after.stock.allSatisfy(before.stock.contains) ? [] : badStock)
    case .returned: isReturned ? [] : badStock
    case .zero: missing + (after.bytes == Data(count: after.bytes.count) ? [] : ["not all is zero"])
    }
  }

  private var badStock: [String] { ["the stock has \(after.stock.map(\.name))"] }

  private var isReturned: Bool {
    after.size == nil && after.stock.map(\.state) == ["returned"] && after.stock[0].inode == before.inode
  }

  private var missing: [String] {
    var wrong: [String] = []
    if after.size != Scenario.bytes { wrong.append("done, with a size of \(after.size ?? -1)") }
    if after.allocated < Scenario.bytes { wrong.append("done, with \(after.allocated) bytes allocated") }
    if scenario.place != "hugetlbfs" && after.cached < Scenario.bytes {
      wrong.append("done, with \(after.cached) bytes in memory")
    }
    return wrong
  }

  private var contentLost: [String] {
    after.bytes.prefix(before.bytes.count) == before.bytes ? [] : ["the content is another"]
  }

  // MARK: any other status

  private func failure(_ status: Int32) -> [String] {
    var wrong: [String] = []
    if !isMute && !hasMessage { wrong.append("status \(status) without a message") }
    // it is there and told as that, and only holding it fails
    let isHeld = run.err.contains("what was made stays") && unmet.isEmpty
    if isHeld { return wrong }
    if !isMute && isJSON && !isTopology { wrong += told(status) }
    wrong += falsehoods + exported(done: false)
    if isStocksAffair || isOthersFile { return wrong }
    if [7, 8, 64].contains(status) { return wrong + untouched.map { "status \(status): \($0)" } }
    // told so, or all was done by then
    let isTold = answer?.undone?.complete == false || run.err.contains("undone in part")
    if isTold || (status == 143 && unmet.isEmpty) { return wrong }
    if !scenario.destroys { return wrong + changes.map { "status \(status), and \($0)" } }
    return wrong + (isMute ? [] : changes.map { "status \(status), without a word \($0)" })
  }

  /// What a failure may leave in a stock: what was made ready before it, what somebody else is said to have, and a file that was
  /// taken, which is dirty by then.
  private var isStocksAffair: Bool {
    let (had, has) = (before.stock, after.stock)
    switch scenario.goal {
    case .stocked(let count):
      let ready = has.filter { $0.state == "ready" }
      let isAnothers = run.end == .exit(7) && has.allSatisfy { ["ready", "making"].contains($0.state) }
      return had.allSatisfy(has.contains) && ready.count <= count && (isAnothers || ready == has)
    case .taken:
      return (after.size == nil || isOthersFile) && had.map(\.inode) == has.map(\.inode)
        && has.allSatisfy { $0.state != "making" }
    default: return false
    }
  }

  /// A new file that somebody else is said to work on is theirs.
  private var isOthersFile: Bool {
    before.size == nil && after.allocated == 0 && run.end == .exit(7)
  }

  private var hasMessage: Bool {
    run.err.split(separator: "\n").contains { $0.hasPrefix("ktaskctl: ") && !$0.hasPrefix("ktaskctl: warning") }
  }

  private func told(_ status: Int32) -> [String] {
    guard let answer else { return ["status \(status) without a document"] }
    if answer.errors.isEmpty { return ["status \(status) without an error in the document"] }
    return answer.errors.contains { $0.exitStatus == status } ? [] : ["status \(status), the document says another"]
  }

  /// A document in a file is a whole one, and says what the program says.
  private func exported(done: Bool) -> [String] {
    guard let text = after.exported else { return done && before.exported != nil ? ["the old export is gone"] : [] }
    if text == before.exported { return done ? ["done, with the old export"] : [] }
    guard let claims = Claims(text) else { return ["half an export: \(text.prefix(40))"] }
    let errors = claims.values["errors.count"] ?? "no list"
    return (errors == "0") == done ? [] : ["\(done ? "done" : "failed"), the export has \(errors) errors"]
  }
}
