/// What the kernel counts in a range of this process's address space (/proc/self/smaps and numa_maps), in bytes; nil where
/// it does not tell.
///
/// Each of the two files is one walk through all of a process's page tables: they are read once for all ranges together,
/// and only where nothing else tells.
public struct MappingFacts: Sendable, Equatable {
  /// Pages that the page tables have, huge ones of a pool included.
  public var residentBytes: Int?
  /// Of them, in transparent huge pages.
  public var transparentHugeBytes: Int?
  public var bytesByNode: [Int: Int]?

  public init() {}

  /// The mappings that lie wholly inside each of the ranges, none of which overlap.
  public static func of(_ ranges: [Range<UInt>], _ files: SystemFiles = SystemFiles()) -> [MappingFacts] {
    let places = Places(ranges)
    var facts = [MappingFacts](repeating: MappingFacts(), count: ranges.count)
    readSmaps(places, &facts, files)
    readNumaMaps(places, &facts, files)
    return facts
  }

  private static func readSmaps(_ places: Places, _ facts: inout [MappingFacts], _ files: SystemFiles) {
    for index in facts.indices { (facts[index].residentBytes, facts[index].transparentHugeBytes) = (0, 0) }
    var current: Int?
    let isTold = try? files.forEachLine("/proc/self/smaps") { line in
      let words = line.split(at: UInt8(ascii: " "))
      guard let first = words.first else { return }
      if let mapping = addresses(first) {
        current = places.index(of: mapping)
      } else if let current, words.count > 1, let kilobytes = Int(amount: words[1]) {
        facts[current].add(first, kilobytes *| 1024)
      }
    }
    if isTold == true { return }
    for index in facts.indices { (facts[index].residentBytes, facts[index].transparentHugeBytes) = (nil, nil) }
  }

  private mutating func add(_ field: Substring, _ bytes: Int) {
    switch field {
    case "Rss:", "Shared_Hugetlb:", "Private_Hugetlb:": residentBytes? +|= bytes
    case "AnonHugePages:", "ShmemPmdMapped:", "FilePmdMapped:": transparentHugeBytes? +|= bytes
    default: break
    }
  }

  /// `7f…-7f…` at the start of a mapping's first line.
  private static func addresses(_ word: Substring) -> Range<UInt>? {
    let ends = word.split(separator: "-")
    guard ends.count == 2, let low = UInt(ends[0], radix: 16), let high = UInt(ends[1], radix: 16), low <= high
    else { return nil }
    return low..<high
  }

  /// A line is `ADDRESS POLICY KEY=VALUE … N0=PAGES … kernelpagesize_kB=4`.
  private static func readNumaMaps(_ places: Places, _ facts: inout [MappingFacts], _ files: SystemFiles) {
    for index in facts.indices { facts[index].bytesByNode = [:] }
    let isTold = try? files.forEachLine("/proc/self/numa_maps") { line in
      let words = line.split(at: UInt8(ascii: " "))
      guard let start = words.first.flatMap({ UInt($0, radix: 16) }), start < .max,
        let index = places.index(of: start..<start + 1)
      else { return }
      var pages: [(node: Int, count: Int)] = []
      var kilobytes = 4
      for word in words.dropFirst(2) {
        let pair = word.split(separator: "=")
        guard pair.count == 2, let value = Int(amount: pair[1]) else { continue }
        if pair[0] == "kernelpagesize_kB" { kilobytes = value }
        if pair[0].first == "N", let node = Int(pair[0].dropFirst()) { pages.append((node, value)) }
      }
      for page in pages { facts[index].bytesByNode?[page.node, default: 0] +|= page.count *| kilobytes *| 1024 }
    }
    if isTold != true { for index in facts.indices { facts[index].bytesByNode = nil } }
  }
}

/// Ranges in the order of their addresses, to be found by halving.
private struct Places {
  private let sorted: [(range: Range<UInt>, index: Int)]

  init(_ ranges: [Range<UInt>]) {
    sorted = ranges.enumerated().map { ($1, $0) }.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  /// Which of the ranges it lies wholly in.
  func index(of range: Range<UInt>) -> Int? {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].range.lowerBound <= range.lowerBound { low = middle + 1 } else { high = middle }
    }
    guard low > 0, range.upperBound <= sorted[low - 1].range.upperBound else { return nil }
    return sorted[low - 1].index
  }
}
