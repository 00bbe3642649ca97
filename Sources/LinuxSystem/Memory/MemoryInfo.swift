internal import Glibc

/// The machine's memory, in bytes, as /proc/meminfo tells it.
public struct MemoryInfo: Sendable, Equatable {
  /// Memory the kernel manages (`MemTotal`).
  public let totalBytes: Int
  /// What could be handed out without swapping, page cache given up included (`MemAvailable`).
  public let availableBytes: Int
  /// What nobody uses at all (`MemFree`).
  public let freeBytes: Int

  public init(totalBytes: Int, availableBytes: Int, freeBytes: Int) {
    self.totalBytes = totalBytes
    self.availableBytes = availableBytes
    self.freeBytes = freeBytes
  }

  /// What /proc/meminfo says now.
  public static func current(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> MemoryInfo {
    let fields = try KilobyteFields("/proc/meminfo", files)
    return MemoryInfo(
      totalBytes: try fields.demand("MemTotal"), availableBytes: try fields.demand("MemAvailable"),
      freeBytes: try fields.demand("MemFree"))
  }

  /// Bytes of the huge pages that a hugetlbfs has where nothing else is said (`Hugepagesize`); nil: the kernel has none.
  public static func usualHugePageSize(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> Int? {
    try KilobyteFields("/proc/meminfo", files)["Hugepagesize"]
  }

  /// The size of a base page in bytes (sysconf(3), _SC_PAGESIZE).
  public static let basePageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

  /// Whether pages may have so many bytes: a power of two, and no more than any machine has in one entry of its page tables.
  public static func isPageSize(_ bytes: Int) -> Bool {
    bytes.nonzeroBitCount == 1 && bytes >= basePageSize && bytes <= 1 << 40
  }
}

/// The lines `Name:  123 kB` of /proc/meminfo and /proc/PID/status, in bytes.
struct KilobyteFields {
  private let path: String
  private let bytes: [Substring: Int]

  init(_ path: String, _ files: SystemFiles) throws(Unreadable) { self.init(try files.demand(path), path) }

  /// `path`: where `text` was read.
  init(_ text: String, _ path: String) {
    self.path = path
    let pairs = text.split(separator: "\n").compactMap(Self.field)
    bytes = Dictionary(firstOf: pairs)
  }

  /// nil: the kernel has no such line.
  subscript(name: Substring) -> Int? { bytes[name] }

  /// A line that every kernel has.
  func demand(_ name: Substring) throws(Unreadable) -> Int {
    guard let bytes = bytes[name] else { throw Unreadable("\(name) of \(path)", .isUnclear) }
    return bytes
  }

  private static func field(_ line: Substring) -> (Substring, Int)? {
    let parts = line.split { $0 == " " || $0 == "\t" }
    guard parts.count == 3, parts[0].hasSuffix(":"), let kilobytes = Int(amount: parts[1]), parts[2] == "kB" else {
      return nil
    }
    return (parts[0].dropLast(), kilobytes *| 1024)
  }
}

extension Dictionary {
  /// Of pairs with the same key the first. The standard library's own asks whether to throw, which Embedded Swift cannot.
  init(firstOf pairs: [(Key, Value)]) {
    self.init(minimumCapacity: pairs.count)
    for (key, value) in pairs where self[key] == nil { self[key] = value }
  }
}
