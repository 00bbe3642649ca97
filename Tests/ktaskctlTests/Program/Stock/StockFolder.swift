import Foundation
@unsafe @preconcurrency import Glibc

/// A stock of small files, and what stands beside it on the same mount.
struct StockFolder {
  let path: String
  /// Of each file.
  static let size = "8M"
  static let bytes = 8 << 20

  init(_ scratch: Scratch, on kind: String, mebibytes: Int = 160) throws {
    let mount: String
    if kind == "hugetlbfs" {
      try scratch.reserve(mebibytes / 2, of: .mebibytes2)
      mount = try scratch.hugetlbfs(.mebibytes2)
    } else {
      mount = try scratch.tmpfs(mebibytes: mebibytes)
    }
    path = mount + "/stock"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  }

  /// A name outside of the stock, on its mount.
  func beside(_ name: String) -> String { (path as NSString).deletingLastPathComponent + "/" + name }

  func names(_ state: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasPrefix(state) }.sorted()
  }

  /// Makes it have so many.
  @discardableResult
  func fill(_ count: Int, _ words: String...) throws -> Ended {
    try start(["stock", path, "--size", Self.size, "--count", "\(count)"] + words).end()
  }

  func take(_ name: String, _ words: String...) throws -> Ended {
    try start(["prefault", beside(name), "--size", Self.size, "--from", path] + words).end()
  }

  func giveBack(_ name: String, _ words: String...) throws -> Ended {
    try start(["release", beside(name), "--to", path] + words).end()
  }

  /// Whether all of a file is there and zero.
  static func isReady(_ path: String) -> Bool {
    guard let facts = FileFacts(path), facts.size == bytes, facts.allocated == bytes else { return false }
    guard let content = FileManager.default.contents(atPath: path) else { return false }
    return content.allSatisfy { $0 == 0 }
  }

  /// Writes into all of a file.
  static func soil(_ path: String) throws {
    let content = try Content(path)
    content.write(0..<bytes)
  }
}
