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
  private let lines: NamedLines

  init(_ path: String, _ files: SystemFiles) throws(Unreadable) { self.init(try files.demand(path), path) }

  /// `path`: where `text` was read; `prefix`: what each of its lines begins with.
  init(_ text: String, _ path: String, prefix: String = "") {
    self.path = path
    lines = NamedLines(text, prefix: prefix)
  }

  /// nil: the kernel has no such line.
  subscript(name: String) -> Int? {
    lines.first(name + ":") { words in
      guard words.count == 2, words[1] == "kB" else { return nil }
      return Int(amount: words[0]).map { $0 *| 1024 }
    }
  }

  /// A line that every kernel has.
  func demand(_ name: String) throws(Unreadable) -> Int {
    guard let bytes = self[name] else { throw Unreadable("\(name) of \(path)", .isUnclear) }
    return bytes
  }
}

/// Lines that each begin with a name. Of dozens a few are asked for: those alone are taken apart.
struct NamedLines {
  private let prefix: String
  private let lines: [Substring]

  init(_ text: String, prefix: String = "") {
    self.prefix = prefix
    lines = text.split(at: UInt8(ascii: "\n"))
  }

  /// The first value that `read` makes of the words after that name; nil: there is no such line.
  func first(_ name: String, _ read: ([Substring]) -> Int?) -> Int? {
    let start = prefix + name
    for line in lines where line.utf8.starts(with: start.utf8) {
      let words = line.utf8.dropFirst(start.utf8.count).split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
      if let value = read(words.map { line[$0.startIndex..<$0.endIndex] }) { return value }
    }
    return nil
  }
}
