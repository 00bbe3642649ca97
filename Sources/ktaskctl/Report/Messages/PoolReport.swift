import LinuxSystem
import MemoryWork

extension Plan {
  func poolWarnings(_ job: any MemoryJob) -> [String] {
    guard let pool = intent.pool, job.stock?.fileSystem.kind != .hugetlbfs,
      !job.files.contains(where: { $0.fileSystem.kind == .hugetlbfs })
    else { return [] }
    return ["\(pool.words[0]): nothing here comes from a pool"]
  }
}

extension PoolRaise {
  /// For the plan.
  var line: String {
    let place = node.map { "node \($0)" } ?? "any node"
    return "grow: the pool of \(ByteSize.text(pageSize)) pages by \(pages.counted("page")) on \(place)"
  }
}

extension PoolCut {
  /// For the plan.
  var line: String {
    "shrink: the pool of \(ByteSize.text(pageSize)) pages by \(pages.counted("page")) at most, of those that --grow-pool has raised"
  }
}

extension Report {
  /// What of the pages that were released has gone to the kernel, a line for each pool.
  func shrunkLines(_ released: Released) -> [String] {
    guard let shrunk = outcome?.shrunk else { return [] }
    return released.bytesOfPools.sorted { $0.key < $1.key }.map { size, bytes in
      let cuts = shrunk.filter { $0.pageSize == size }
      let (gone, all) = (cuts.map(\.pages).reduce(0, +), bytes / size)
      let nodes = cuts.compactMap { cut in cut.node.map { "\(cut.pages) on node \($0)" } }
      return "the pool of \(ByteSize.text(size)) pages: \(gone) of \(all.counted("page")) given back to the kernel"
        + (nodes.count > 1 ? ", \(nodes.joined(separator: ", "))" : "")
        + (gone < all ? "; no others were raised and are to be had" : "")
    }
  }
}

extension MemoryError {
  func poolSentence(_ wanted: Int, _ got: Int) -> String {
    let place = node.map { " on node \($0)" } ?? ""
    return "the pool of \(ByteSize.text(pageSize ?? 0)) pages lacks \(wanted)\(place), and the kernel found memory for "
      + "\(got) of them"
  }
}

extension KeptPages {
  /// Of pages by which a pool was raised.
  func failure(in here: Surroundings) -> Failure { failure("by which it was raised", .failed, here) }

  /// Of pages that were released.
  func failure(afterReleaseIn here: Surroundings) -> Failure {
    guard case .isRefused(let errno?) = why else { return failure("that were released", .failed, here) }
    var refusal = MemoryError(.failed(.growPool, errno))
    refusal.leavesChanges = true
    return failure("that were released", refusal.exitStatus, here)
  }

  private func failure(_ origin: String, _ status: ExitStatus, _ here: Surroundings) -> Failure {
    let place = raise.node.map { " on node \($0)" } ?? ""
    let setting = HugePagePool.settings(raise.pageSize, node: raise.node) + "/nr_hugepages"
    return Failure(
      "the pool of \(ByteSize.text(raise.pageSize)) pages\(place)",
      "keeps the \(raise.pages.counted("page")) \(origin): \(why.sentence)",
      remedy: goal.map { here.changingPools("echo \($0) > \(setting)") }, status, code: "pool-not-given-back")
  }
}

extension KeptPages.Why {
  fileprivate var sentence: String {
    switch self {
    case .isLocked: "another process that changes it has it locked"
    case .isRefused(nil): "the kernel takes them back from nobody"
    case .isRefused(let errno?): errno.sentence
    case .isUnknown: "the kernel does not tell whether it has given them back"
    case .isUncounted: "without /run/ktask nobody has noted how many of them --grow-pool has raised"
    }
  }
}

extension Document {
  /// Pages by which a pool becomes larger or smaller.
  struct PoolPages: Encodable, Equatable, Sendable {
    /// Bytes a page.
    var pageSize: Int
    /// Left out where the kernel chooses.
    var node: Int?
    var pages: Int

    enum CodingKeys: String, CodingKey {
      case node, pages
      case pageSize = "page_size"
    }

    init(_ raise: MemoryWork.PoolRaise) {
      pageSize = raise.pageSize
      node = raise.node
      pages = raise.pages
    }

    init(_ cut: PoolCut) {
      pageSize = cut.pageSize
      node = cut.node
      pages = cut.pages
    }
  }
}
