public import LinuxSystem

/// What `verify` is to find: all of each file resident, and what is named.
public struct Demand: Sendable, Equatable {
  public enum Pages: Sendable, Equatable {
    /// Transparent huge pages.
    case transparent
    /// Base pages, or pages of a pool, of so many bytes.
    case bytes(Int)
  }
  /// The least size of each file in bytes; only so much of it is looked at.
  public var size: Int?
  /// In pages of this kind.
  public var pages: Pages?
  /// On these nodes.
  public var nodes: NodeSet?
  /// Every byte zero; a hole is.
  public var zero = false
  /// Nothing is demanded, only told.
  public var isInfo = false

  public init(
    size: Int? = nil, pages: Pages? = nil, nodes: NodeSet? = nil, zero: Bool = false, isInfo: Bool = false
  ) {
    self.isInfo = isInfo
    self.size = size
    self.pages = pages
    self.nodes = nodes
    self.zero = zero
  }
}

/// In what a file falls short of a demand.
public enum Shortfall: Sendable, Equatable {
  /// The file is shorter.
  case size(has: Int)
  /// So many bytes are not resident.
  case residency(missing: Int)
  /// The kernel does not tell how much is.
  case unknownResidency
  /// Nor in which pages, or on which nodes, what is resident lies.
  case unknownPages
  case unknownNodes
  /// So many bytes are resident, but in other pages; these are most of them.
  case pages(bytes: Int, has: Int)
  /// So many bytes are resident, but on other nodes, or on nodes that the kernel does not tell of them.
  case nodes(bytes: Int, asked: NodeSet)
  /// The byte at the error's offset is not zero.
  case content
}

/// What `verify` found of one file.
public struct FileFindings: Sendable, Equatable {
  public var path: String
  /// Bytes looked at, in whole pages.
  public var bytes: Int
  /// nil: the kernel does not tell.
  public var residentBytes: Int? = 0
  /// Of them, pages that nobody has cleared yet, as fallocate(2) makes them on tmpfs.
  public var unclearedBytes = 0
  /// Of them in huge pages, of a pool or transparent; nil: the kernel does not tell.
  public var hugeBytes: Int? = 0
  /// Bytes a page: the pool's, else the base page's.
  public var pageSize: Int
  /// Empty where the kernel does not tell.
  public var bytesByNode: [Int: Int] = [:]
  /// nil: not looked at.
  public var isZero: Bool?

  /// Of huge pages those that are transparent.
  var transparentBytes: Int? { pageSize > MemoryInfo.basePageSize ? 0 : hugeBytes }
}

extension Demand {
  /// In what a file of `fileSize` bytes falls short; `nonZero` is where a byte was found that is not zero.
  func shortfalls(_ found: FileFindings, fileSize: Int, nonZero: Int?) -> [MemoryError] {
    var list: [MemoryError] = []
    if isInfo { return list }
    func add(_ shortfall: Shortfall, offset: Int? = nil) {
      list.append(MemoryError(.notAsDemanded(shortfall), path: found.path, offset: offset, bytes: found.bytes))
    }
    if let size, fileSize < size { add(.size(has: fileSize)) }
    if zero, let nonZero { add(.content, offset: nonZero) }
    if let resident = found.residentBytes {
      if resident < found.bytes { add(.residency(missing: found.bytes - resident)) }
      if let conforming = conforming(found, resident), let usual = found.usualPage {
        if conforming < resident { add(.pages(bytes: resident -| conforming, has: usual)) }
      } else if pages != nil {
        add(.unknownPages)
      }
      if nodes != nil && resident > 0 && found.bytesByNode.isEmpty {
        add(.unknownNodes)
      } else if let nodes {
        let there = found.bytesByNode.filter { nodes.contains($0.key) }.values.sum()
        if there < resident { add(.nodes(bytes: resident - there, asked: nodes)) }
      }
    } else {
      add(.unknownResidency)
    }
    return list
  }

  /// Resident bytes in pages as demanded; nil: not known.
  private func conforming(_ found: FileFindings, _ resident: Int) -> Int? {
    switch pages {
    case nil: resident
    case .transparent: found.transparentBytes
    case .bytes(found.pageSize): found.transparentBytes.map { resident -| $0 }
    case .bytes: 0
    }
  }
}

extension FileFindings {
  /// Bytes of most of its pages; nil: the kernel does not tell.
  public var usualPage: Int? {
    guard let transparentBytes else { return nil }
    if let residentBytes, transparentBytes *| 2 > residentBytes { return TransparentHugePages.unit() }
    return pageSize
  }
}
