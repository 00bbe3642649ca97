public import LinuxSystem

/// What `verify` is to find; whatever is not named may be as it likes.
public struct Demand: Sendable, Equatable {
  public enum Pages: Sendable, Equatable {
    /// Transparent huge pages.
    case transparent
    /// Base pages, or pages of a pool, of so many bytes.
    case bytes(Int)
  }
  /// The least size of each file in bytes; only so much of it is looked at.
  public var size: Int?
  /// All of it resident, in pages of this kind.
  public var pages: Pages?
  /// All of it resident, on these nodes.
  public var nodes: NodeSet?
  /// Every byte zero; a hole is.
  public var zero = false

  public init(size: Int? = nil, pages: Pages? = nil, nodes: NodeSet? = nil, zero: Bool = false) {
    self.size = size
    self.pages = pages
    self.nodes = nodes
    self.zero = zero
  }

  /// Whoever says how large memory is, in which pages or where, means memory that is there: it must be there.
  var isResidency: Bool { size != nil || pages != nil || nodes != nil }
}

/// In what a file falls short of a demand.
public enum Shortfall: Sendable, Equatable {
  /// The file is shorter.
  case size(has: Int)
  /// So many bytes are not resident.
  case residency(missing: Int)
  /// So many bytes are resident, but in other pages; these are most of them.
  case pages(bytes: Int, has: Int)
  /// So many bytes are resident, but on other nodes, or on nodes that the kernel does not tell.
  case nodes(bytes: Int, asked: NodeSet)
  /// The byte at the error's offset is not zero.
  case content
}

/// What `verify` found of one file.
public struct FileFindings: Sendable, Equatable {
  public var path: String
  /// Bytes looked at, in whole pages.
  public var bytes: Int
  public var residentBytes = 0
  /// Of them in huge pages, of a pool or transparent.
  public var hugeBytes = 0
  /// Bytes a page: the pool's, else the base page's.
  public var pageSize: Int
  /// Empty where the kernel does not tell.
  public var bytesByNode: [Int: Int] = [:]
  /// nil: not looked at.
  public var isZero: Bool?

  /// Of huge pages those that are transparent.
  var transparentBytes: Int { pageSize > MemoryInfo.basePageSize ? 0 : hugeBytes }
}

extension Demand {
  /// In what a file of `fileSize` bytes falls short; `nonZero` is where a byte was found that is not zero.
  func shortfalls(_ found: FileFindings, fileSize: Int, nonZero: Int?) -> [MemoryError] {
    var list: [MemoryError] = []
    func add(_ shortfall: Shortfall, offset: Int? = nil) {
      list.append(MemoryError(.notAsDemanded(shortfall), path: found.path, offset: offset, bytes: found.bytes))
    }
    if let size, fileSize < size { add(.size(has: fileSize)) }
    if isResidency, found.residentBytes < found.bytes { add(.residency(missing: found.bytes - found.residentBytes)) }
    let others = found.residentBytes - conforming(found)
    if others > 0 { add(.pages(bytes: others, has: found.usualPage)) }
    if let nodes {
      let there = found.bytesByNode.filter { nodes.contains($0.key) }.values.reduce(0, +)
      if there < found.residentBytes { add(.nodes(bytes: found.residentBytes - there, asked: nodes)) }
    }
    if zero, let nonZero { add(.content, offset: nonZero) }
    return list
  }

  /// Resident bytes in pages as demanded.
  private func conforming(_ found: FileFindings) -> Int {
    switch pages {
    case nil: found.residentBytes
    case .transparent: found.transparentBytes
    case .bytes(found.pageSize): found.residentBytes - found.transparentBytes
    case .bytes: 0
    }
  }
}

extension FileFindings {
  /// Bytes of most of its pages.
  public var usualPage: Int {
    if transparentBytes * 2 > residentBytes { return TransparentHugePages.current()?.pageSize ?? pageSize }
    return pageSize
  }
}
