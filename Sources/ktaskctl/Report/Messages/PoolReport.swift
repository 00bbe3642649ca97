import LinuxSystem
import MemoryWork

extension PoolGrowth {
  static func warnings(_ job: any MemoryJob) -> [String] {
    job.files.contains { $0.fileSystem.kind == .hugetlbfs } ? [] : ["--grow-pool: nothing here comes from a pool"]
  }
}

extension PoolRaise {
  /// For the plan.
  var line: String {
    let place = node.map { "node \($0)" } ?? "any node"
    return "grow: the pool of \(ByteSize.text(pageSize)) pages by \(pages.counted("page")) on \(place)"
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
  func failure(in here: Surroundings) -> Failure {
    let place = raise.node.map { " on node \($0)" } ?? ""
    let setting = HugePagePool.settings(raise.pageSize, node: raise.node) + "/nr_hugepages"
    return Failure(
      "the pool of \(ByteSize.text(raise.pageSize)) pages\(place)",
      "keeps the \(raise.pages.counted("page")) by which it was raised: \(why.sentence)",
      remedy: goal.map { here.changingPools("echo \($0) > \(setting)") }, code: "pool-not-given-back")
  }
}

extension KeptPages.Why {
  fileprivate var sentence: String {
    switch self {
    case .isLocked: "another process that changes it has it locked"
    case .isRefused(nil): "the kernel takes them back from nobody"
    case .isRefused(let errno?): errno.sentence
    case .isUnknown: "the kernel does not tell whether it has given them back"
    }
  }
}

extension Document {
  /// Pages more in a pool.
  struct PoolRaise: Encodable, Equatable, Sendable {
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
  }
}
