/// What the kernel counts in a range of this process's address space (/proc/self/smaps and numa_maps), in bytes.
public struct MappingFacts: Sendable, Equatable {
  /// Pages that the page tables have, huge ones of a pool included.
  public var residentBytes = 0
  /// Of them, in transparent huge pages.
  public var transparentHugeBytes = 0
  public var lockedBytes = 0
  /// The page size of the mapping: a pool's huge pages say theirs, all else the base size.
  public var kernelPageSize = 0
  public var bytesByNode: [Int: Int] = [:]

  public init() {}

  /// The mappings that lie wholly inside the range.
  public static func of(_ range: Range<UInt>, _ files: SystemFiles = SystemFiles()) -> MappingFacts {
    var facts = MappingFacts()
    facts.readSmaps(files.text("/proc/self/smaps") ?? "", range)
    facts.readNumaMaps(files.text("/proc/self/numa_maps") ?? "", range)
    return facts
  }

  mutating func readSmaps(_ text: String, _ range: Range<UInt>) {
    var isInside = false
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      if let mapping = Self.addresses(words[0]) {
        isInside = range.lowerBound <= mapping.lowerBound && mapping.upperBound <= range.upperBound
      } else if isInside, words.count > 1, let kilobytes = Int(words[1]) {
        add(words[0], kilobytes << 10)
      }
    }
  }

  private mutating func add(_ field: Substring, _ bytes: Int) {
    switch field {
    case "Rss:", "Shared_Hugetlb:", "Private_Hugetlb:": residentBytes += bytes
    case "AnonHugePages:", "ShmemPmdMapped:", "FilePmdMapped:": transparentHugeBytes += bytes
    case "Locked:": lockedBytes += bytes
    case "KernelPageSize:": kernelPageSize = max(kernelPageSize, bytes)
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
  mutating func readNumaMaps(_ text: String, _ range: Range<UInt>) {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let start = UInt(words[0], radix: 16), range.contains(start) else { continue }
      var pages: [(node: Int, count: Int)] = []
      var pageSize = 4096
      for word in words.dropFirst(2) {
        let pair = word.split(separator: "=")
        guard pair.count == 2, let value = Int(pair[1]) else { continue }
        if pair[0] == "kernelpagesize_kB" { pageSize = value << 10 }
        if pair[0].first == "N", let node = Int(pair[0].dropFirst()) { pages.append((node, value)) }
      }
      for page in pages { bytesByNode[page.node, default: 0] += page.count * pageSize }
    }
  }
}
