import Foundation
@unsafe @preconcurrency import Glibc
import LinuxSystem

/// What the machine that the tests run on allows them to do.
enum Host {
  static let isRoot = geteuid() == 0
  static let needsRoot = "needs root: it mounts file systems, reserves huge pages or becomes another user"

  static func has(_ program: String) -> Bool {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
  }

  static let canTrace = has("strace") && (try? tool("strace", "-o", "/dev/null", "true")) != nil
  static let needsTrace = "needs strace, which makes system calls fail, and the right to trace"

  /// Nobody, without a capability.
  static let ordinaryUser = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
  static let hasOrdinaryUser = isRoot && has("setpriv") && has("prlimit")
  static let needsOrdinaryUser = "needs root, setpriv and prlimit, to run as an ordinary user"

  /// Where PostgreSQL's programs are; nil: it is not installed.
  static let postgres: String? = {
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
    return versions.sorted().map { "/usr/lib/postgresql/\($0)/bin" }
      .first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
  }()

  static let hasRings: Bool = {
    do throws(Errno) {
      _ = try BufferRing.make(places: 1)
      return true
    } catch {
      return false
    }
  }()
  static let needsRings = "needs io_uring"

  static let hasUserNamespaces = (try? tool("unshare", "--user", "--map-root-user", "true")) != nil

  static let hasIOMMU =
    FileManager.default.fileExists(atPath: "/dev/iommu")
    || !((try? FileManager.default.contentsOfDirectory(atPath: "/sys/kernel/iommu_groups")) ?? []).isEmpty

  static let cpus = ProcessInfo.processInfo.activeProcessorCount
  static let memory = memoryInfo("MemTotal") ?? 0
  static var availableMemory: Int { memoryInfo("MemAvailable") ?? 0 }

  /// A line of /proc/meminfo, in bytes.
  private static func memoryInfo(_ name: String) -> Int? {
    let lines = text("/proc/meminfo").split(separator: "\n")
    let line = lines.first { $0.hasPrefix(name + ":") }?.split(separator: " ")
    return line.flatMap { Int($0[1]) }.map { $0 << 10 }
  }

  /// A file of the kernel's, or nothing.
  static func text(_ path: String) -> String {
    // to its end, which is where nothing more comes: the kernel hands such files out in pieces, and Foundation takes a small one
    // for the last. Names in it are bytes, which need not be UTF-8.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    if file == -1 { return "" }
    defer { close(file) }
    var (text, piece): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 1 << 16))
    while case let count = unsafe read(file, &piece, piece.count), count > 0 { text += piece.prefix(count) }
    return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The number behind a name in a file of the kernel's; 0 where it is not there.
  static func number(_ name: String, in path: String) -> Int {
    let lines = text(path).split(separator: "\n").map { $0.split(separator: " ") }
    return lines.first { $0.first == name[...] }.flatMap { Int($0.last ?? "") } ?? 0
  }

  /// The same of a line `Name:  123 kB`.
  static func number(_ name: String, kilobytesIn path: String) -> Int {
    let lines = text(path).split(separator: "\n").map { $0.split(separator: " ") }
    return lines.first { $0.first == name[...] }.flatMap { $0.count > 1 ? Int($0[1]) : nil } ?? 0
  }

  static func write(_ text: String, to path: String) -> Bool {
    (try? Data(text.utf8).write(to: URL(filePath: path))) != nil
  }
}
