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
