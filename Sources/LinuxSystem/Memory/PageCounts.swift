public import CLinux

extension Memory {
  /// Adds the node of every page in the range, all of which must be present, to `counts`
  /// (move_pages(2), get_mempolicy(2)).
  @inlinable
  public static func countNodes(
    _ address: UInt, _ length: Int, pageSize: Int, into counts: PageCounts.Region
  ) throws(Errno) {
    try unsafe Errno.check(clinux_count_nodes(address, length, pageSize, counts.counts))
  }

  /// Adds a range, all of whose pages are present, to `counts`: as resident, with its transparent huge pages and
  /// its nodes, as far as the kernel tells.
  @inlinable
  public static func countPages(
    _ address: UInt, _ length: Int, pageSize: Int, hugeSize: Int, pagemap: Int32,
    into counts: PageCounts.Region
  ) {
    unsafe clinux_count_pages(pagemap, address, length, pageSize, hugeSize, counts.counts)
  }

  /// Adds so many bytes of a range in which pages are missing.
  @inlinable
  public static func countResident(_ bytes: Int, into counts: PageCounts.Region) {
    unsafe clinux_count_resident(counts.counts, bytes)
  }
}

/// What the pages of some regions are like, as the kernel tells of each page. Chunks add to it, on any thread.
@safe
public final class PageCounts: @unchecked Sendable {
  // @unchecked: the counts are added to atomically, and read after the join.

  /// One region's counts, and those of all, as chunks are handed them: good for as long as the `PageCounts` lives.
  @unsafe
  public struct Region: BitwiseCopyable {
    @usableFromInline let counts: UnsafeMutablePointer<clinux_page_counts>

    @inlinable init(_ counts: UnsafeMutablePointer<clinux_page_counts>) { unsafe self.counts = unsafe counts }
  }
  @unsafe
  public struct Regions: BitwiseCopyable {
    @usableFromInline let first: UnsafeMutablePointer<clinux_page_counts>

    init(_ first: UnsafeMutablePointer<clinux_page_counts>) { unsafe self.first = unsafe first }

    /// The region's, by its place in `allowed`.
    @inlinable public subscript(region: Int) -> Region { unsafe Region(first + region) }
  }

  /// What chunks add to.
  public var regions: Regions { unsafe Regions(counts) }
  private let counts: UnsafeMutablePointer<clinux_page_counts>
  private let pages: UnsafeMutablePointer<UInt64>
  private let count: Int
  private let nodes: Int

  /// `allowed`: for each region the nodes that its pages may lie on, nil for any.
  public init(allowed: [NodeSet?]) {
    count = allowed.count
    nodes = Self.possibleNodes
    unsafe counts = .allocate(capacity: max(1, count))
    unsafe pages = .allocate(capacity: max(1, count * nodes))
    unsafe pages.initialize(repeating: 0, count: count * nodes)
    for (index, set) in allowed.enumerated() {
      let words = set?.words ?? []
      unsafe clinux_page_counts_begin(counts + index, pages + index * nodes, nodes, words, words.count)
    }
  }

  deinit {
    unsafe counts.deallocate()
    unsafe pages.deallocate()
  }

  /// One more than the highest number that a node may ever have here, and a few to spare, should the kernel name another; all
  /// that can be counted where that is not told.
  private static var possibleNodes: Int {
    let list = SystemFiles().text("/sys/devices/system/node/possible")
    let last = list?.split { $0 == "," || $0 == "-" }.last.flatMap { Int(amount: $0) }
    return min(Int(CLINUX_NODES), max(16, last.map { $0 +| 1 } ?? Int(CLINUX_NODES)))
  }

  /// Pages on each node that has any of a region's; nil where the kernel does not tell.
  public func pagesByNode(_ region: Int) -> [Int: Int]? {
    if unsafe counts[region].node_error != 0 { return nil }
    var found: [Int: Int] = [:]
    for node in 0..<nodes {
      let count = unsafe pages[region * nodes + node]
      if count > 0 { found[node] = Int(clamping: count) }
    }
    return found
  }

  /// Why the kernel does not tell the nodes.
  public func nodeError(_ region: Int) -> Errno? {
    let code = unsafe counts[region].node_error
    return code == 0 ? nil : Errno(code)
  }

  /// Bytes that are in memory.
  public func residentBytes(_ region: Int) -> Int { unsafe Int(clamping: counts[region].resident) }

  /// Of them in transparent huge pages; nil where the kernel does not tell.
  public func hugeBytes(_ region: Int) -> Int? {
    unsafe counts[region].huge_error == 0 ? Int(clamping: counts[region].huge) : nil
  }

  /// The lowest address of a page that lies on a node that its region does not allow.
  public func firstWrong(_ region: Int) -> UInt? {
    let address = unsafe counts[region].first_wrong
    return address == .max ? nil : address
  }
}
