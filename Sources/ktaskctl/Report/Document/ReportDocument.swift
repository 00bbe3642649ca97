import KTask
import LinuxSystem
import MemoryWork

extension Report {
  /// The one JSON document.
  var document: Document {
    var document = Document(ktaskctl: Ktaskctl.version, command: plan.command)
    document.request = plan.documentRequest
    document.host = .current()
    document.plan = plan.documentPlan
    document.results = results
    document.files = documentFiles
    document.verified = (outcome?.verification ?? found).map(Document.Verified.init)
    if plan.job.files.isEmpty { document.verified?.pagesByNode = pagesByNode }
    if plan.hold != nil && isDone { document.held = true }
    document.errors = failures.map(Document.Failure.init)
    document.undone = outcome?.undone.map { Document.Undone(bytes: $0.bytes, complete: $0.complete) }
    document.grown = plan.growth?.raised.map { .init($0) }
    document.warnings = warnings
    return document
  }

  /// What was found of each that was looked at.
  private var documentFiles: [Document.File] {
    let findings = outcome?.verification?.findings ?? []
    return plan.job.files.enumerated().map { index, file in
      index < findings.count ? .init(findings[index]) : documentFile(file, index)
    }
  }

  private func documentFile(_ file: MemoryFile, _ index: Int) -> Document.File {
    let nodes = outcome?.verification?.bytesByNodeOfFiles ?? []
    let bytesByNode = index < nodes.count ? nodes[index] : [:]
    let isDone = outcome != nil && errors.isEmpty && end == nil && outcome?.undone == nil
    var entry = Document.File(
      path: file.path, bytes: file.length, alreadyResidentBytes: file.residentBefore,
      addedBytes: isDone && plan.intent.makesPages ? file.residentBefore.map { file.length - $0 } : 0)
    if !bytesByNode.isEmpty { entry.pagesByNode = Self.pages(bytesByNode, of: file.pageSize) }
    return entry
  }

  /// Of anonymous memory.
  private var pagesByNode: [String: Int]? {
    guard let bytes = outcome?.verification?.bytesByNode, !bytes.isEmpty else { return nil }
    return Self.pages(bytes, of: plan.job.pageSize)
  }

  private static func pages(_ bytes: [Int: Int], of size: Int) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: bytes.map { ("\($0.key)", $0.value / size) })
  }
}

extension Plan {
  var documentRequest: Document.Request {
    Document.Request(
      bytes: bytesAskedFor, offset: intent.offset, pageSize: pageWord, nodes: words.placement.nodes?.text,
      policy: policyWord,
      regions: intent.regions.isEmpty ? nil : intent.regions.map(\.text),
      files: job.files.map(\.path), method: job.method?.rawValue, threads: threadRequest?.text ?? doublingCounts,
      runs: runs, warmup: warmup, minChunkBytes: words.minChunk.bytes, timeoutSeconds: words.timeout?.seconds)
  }

  private var bytesAskedFor: Int {
    if intent.regions.isEmpty, let size = words.size { return size.bytes }
    return job.files.isEmpty ? job.bytes : job.files.map(\.length).reduce(0, +)
  }

  private var doublingCounts: String { threadCounts.map(String.init).joined(separator: ",") }

  var documentPlan: Document.Plan {
    Document.Plan(
      threads: threadCounts, chunkBytes: chunkBytes,
      bounds: bounds.map { .init(what: $0.what.rawValue, threads: $0.threads) },
      exceededBounds: exceeded.map { .init(what: $0.what.rawValue, threads: $0.threads) },
      unknownBounds: Document.UnknownBound.all,
      method: job.method?.rawValue, nodeTasks: job.nodeTasks.map { .init(node: $0.node, bytes: $0.range.count) },
      bytesToDo: job.bytes,
      checks: checks.map { $0.document },
      helpers: .init(priority, budget), growPool: growth?.planned.map { .init($0) })
  }
}

extension Check {
  fileprivate var document: Document.Check {
    if !isAmount { return .init(what: name, ok: notMade == nil ? isMet : nil, notMade: notMade?.description) }
    if let notMade { return .init(what: name, need: need, notMade: notMade.description) }
    return .init(what: name, need: need, have: have, ok: isMet)
  }
}

extension Document.UnknownBound {
  /// nil: all bounds are known.
  static var all: [Document.UnknownBound]? {
    let unknown = Machine.shared.unknownBounds
    return unknown.isEmpty ? nil : unknown.map { .init(what: $0.what.rawValue, why: $0.why.description) }
  }
}

extension Document.Host {
  static func current() -> Document.Host {
    let kernel = try? KernelVersion.current()
    let topology = Machine.shared.topology
    return Document.Host(
      kernel: kernel?.release, preemption: kernel?.preemption,
      cpus: topology.unread[.onlineCPUs] == nil ? topology.onlineCPUs.count : nil,
      allowedCPUs: try? CPUSet.allowed().count,
      nodes: topology.unread[.nodes] == nil
        ? topology.nodes.map { .init(node: $0.number, cpus: "\($0.cpus)", memoryBytes: $0.memoryBytes) } : nil)
  }
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

extension Document.Failure {
  init(_ failure: Failure) {
    self.init(
      code: failure.code, exitStatus: Int(failure.exitStatus.number), message: failure.why, path: failure.path,
      offset: failure.offset, bytes: failure.bytes, node: failure.node, errno: failure.errno?.name,
      remedy: failure.remedy)
  }
}
