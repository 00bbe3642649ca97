import KTask
import LinuxSystem
import MemoryWork

extension Report {
  /// The one JSON document.
  var document: Document {
    var document = Document(ktaskctl: Ktaskctl.version, command: plan.command)
    document.request = plan.documentRequest
    document.host = host
    document.date = date
    document.plan = plan.documentPlan
    document.results = results
    document.plan?.bounds += kneeBounds.map { .init(what: $0.what.rawValue, threads: $0.threads) }
    document.files = documentFiles
    document.verified = (outcome?.verification ?? found).flatMap { $0.isProof ? Document.Verified($0) : nil }
    if plan.files.isEmpty { document.verified?.pagesByNode = pagesByNode }
    if plan.hold != nil && isDone && !plan.words.dryRun { document.held = true }
    document.errors = entries.map(Document.Failure.init)
    document.undone = outcome?.undone.map { Document.Undone($0) }
    document.grown = plan.growth == nil ? nil : (outcome?.grown ?? []).map { .init($0) }
    document.shrunk = plan.shrink == nil ? nil : (outcome?.shrunk ?? []).map { .init($0) }
    document.stock = stock.flatMap { contents in plan.intent.stock.map { Document.Stock($0, contents) } }
    document.warnings = warnings
    return document
  }

  /// What was found of each that was looked at; none that was made for a stock, which nobody has named, and is gone again.
  private var documentFiles: [Document.File] {
    let found = outcome?.verification
    let (findings, nodes) = (found?.findings ?? [], found?.bytesByNodeOfFiles ?? [])
    return plan.files.enumerated().compactMap { index, file in
      if index < findings.count { return .init(findings[index]) }
      var entry = documentFile(file, index < nodes.count ? nodes[index] : [:])
      let path = index < pathsInStock.count ? pathsInStock[index] : nil
      if let path { entry.move(to: path, isRenamed: plan.intent.fillsStock) }
      let wasUndone = plan.intent.fillsStock && outcome != nil && path == nil && file.sizeBefore == 0
      return wasUndone ? nil : entry
    }
  }

  private func documentFile(_ file: PlannedFile, _ bytesByNode: [Int: Int]) -> Document.File {
    let isDone = outcome != nil && failures.isEmpty && end == nil && outcome?.undone == nil
    var entry = Document.File(
      path: file.path, bytes: file.bytes, alreadyResidentBytes: file.residentBefore,
      addedBytes: isDone && plan.intent.makesPages ? file.residentBefore.map { file.bytes - $0 } : 0)
    if isDone, case .stock(let path)? = file.source { entry.takenFrom = path }
    entry.notTaken = file.source?.reason
    entry.name = file.name
    if !bytesByNode.isEmpty { entry.pagesByNode = Self.pages(bytesByNode, of: file.pageSize) }
    return entry
  }

  /// Of anonymous memory.
  private var pagesByNode: [String: Int]? {
    guard let bytes = outcome?.verification?.bytesByNode, !bytes.isEmpty else { return nil }
    return Self.pages(bytes, of: plan.pageSize)
  }

  private static func pages(_ bytes: [Int: Int], of size: Int) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: bytes.map { ("\($0.key)", $0.value / size) })
  }
}

extension Plan {
  var documentRequest: Document.Request {
    Document.Request(
      bytes: bytesAskedFor, offset: intent.offset, pageSize: pageWord, nodes: words.nodes?.text,
      policy: policyWord,
      regions: intent.regions.isEmpty ? nil : intent.regions.map(\.text),
      files: intent.paths.isEmpty ? files.map(\.path) : intent.paths, pid: intent.process?.number,
      method: method?.rawValue,
      threads: threadRequest?.text ?? doublingCounts, runs: runs, warmup: warmup, minChunkBytes: words.minChunk.bytes,
      timeoutSeconds: words.timeout?.seconds,
      mode: intent.newFiles.mode?.text, owner: intent.newFiles.owner?.text, keepFree: intent.pool?.keepFree,
      verify: words.verify.flatMap { $0 == .full ? nil : $0.rawValue })
  }

  private var bytesAskedFor: Int {
    if intent.regions.isEmpty, let size = words.size { return size.bytes }
    return files.isEmpty ? bytes : files.map(\.bytes).reduce(0, +)
  }

  private var doublingCounts: String { threadCounts.map(String.init).joined(separator: ",") }

  var documentPlan: Document.Plan {
    Document.Plan(
      threads: threadCounts, chunkBytes: chunkBytes,
      bounds: bounds.map { .init(what: $0.what.rawValue, threads: $0.threads) },
      exceededBounds: exceeded.map { .init(what: $0.what.rawValue, threads: $0.threads) },
      unknownBounds: unknownBounds.isEmpty
        ? nil : unknownBounds.map { .init(what: $0.what.rawValue, why: $0.why.description) },
      method: method?.rawValue, nodeTasks: nodeTasks.map { .init(node: $0.node, bytes: $0.range.count) },
      bytesToDo: bytes,
      checks: checks.map { $0.document },
      helpers: .init(helpers), growPool: growth?.map { .init($0) },
      shrinkPool: shrink?.map { .init($0) })
  }
}

extension Check {
  fileprivate var document: Document.Check {
    if !isAmount { return .init(what: name, ok: notMade == nil ? isMet : nil, notMade: notMade?.description) }
    if let notMade { return .init(what: name, need: need, notMade: notMade.description) }
    return .init(what: name, need: need, have: have, ok: isMet)
  }
}

extension Document.File {
  /// It is a stock's by now: what nobody has named has only that name.
  fileprivate mutating func move(to path: String, isRenamed: Bool) {
    if isRenamed { self.path = path } else { returnedTo = path }
  }
}

extension Verification {
  /// Whether it is known what there is: not of what was given away, nor where the kernel does not tell.
  fileprivate var isProof: Bool { released?.isProven != false }
}

extension Document.Verified {
  init(_ found: Verification) {
    self.init(
      zero: found.isZero, residentBytes: found.residentBytes,
      pageSize: found.pageSize > 0 ? found.pageSize : nil, hugeBytes: found.hugeBytes,
      lockedBytes: found.lockedBytes, pinnedBytes: found.pinnedBytes,
      iovaBase: found.addresses.map { $0.first.asHex })
  }
}

extension Document.StoreUse {
  init(_ use: StoreUse) {
    self.init(
      name: use.store.name,
      tried: Memory.Store.allCases.compactMap { store in
        use.tried[store].map { .init(name: store.name, bytesPerSecond: $0) }
      })
  }
}

extension Memory.Store {
  /// For programs.
  fileprivate var name: String {
    switch self {
    case .memset: "memset"
    case .repStosb: "rep stosb"
    case .nonTemporal: "non-temporal"
    }
  }
}

extension Document.Failure {
  init(_ failure: Failure) {
    self.init(
      code: failure.code, exitStatus: Int(failure.exitStatus.number), message: failure.why, path: failure.path,
      offset: failure.offset, bytes: failure.bytes, node: failure.node, errno: failure.errno?.name,
      remedy: failure.remedy)
  }
}

extension Document.Undone {
  init(_ given: GivenBack) { self.init(bytes: given.bytes, complete: given.isComplete) }
}
