import Foundation
@unsafe @preconcurrency import Glibc
import TestSupport
import Testing

/// A directory of the test's own, with what it mounts and reserves. All of it is given back, the last first, when the
/// test is over.
final class Scratch {
  private let folder: TemporaryFolder
  var path: String { folder.path }
  private var steps: [() -> Void] = []
  private var mounts = 0

  /// Everybody may look in.
  init() throws {
    folder = try TemporaryFolder("scratch")
    _ = unsafe chmod(path, 0o755)
  }

  // the folder goes after that
  deinit { for step in steps.reversed() { step() } }

  /// What must happen before the directory goes.
  func finally(_ step: @escaping () -> Void) { steps.append(step) }

  func file(_ name: String) -> String { folder.file(name) }
}

extension Scratch {
  func tmpfs(mebibytes: Int) throws -> String { try mount("tmpfs", "size=\(mebibytes)M,mode=0777", "none") }

  /// `mebibytes` nil: as much as the pool has.
  func hugetlbfs(_ page: HugePage, mebibytes: Int? = nil, options: [String] = []) throws -> String {
    let limit = mebibytes.map { ["size=\($0)M"] } ?? []
    let all = ["pagesize=\(page.word)", "mode=0777"] + limit + options
    return try mount("hugetlbfs", all.joined(separator: ","), "none")
  }

  /// A file system on a disk that is a file.
  func disk(_ kind: String, mebibytes: Int, options: [String] = []) throws -> String {
    let maker = "mkfs.\(kind)"
    if !Host.has(maker) { try Test.cancel("\(maker) is missing") }
    let image = file("\(kind)-\(mounts).img")
    try tool("truncate", "--size", "\(mebibytes)M", image)
    _ = try Child([maker, "-q"] + options + [image]).end()
    return try mount(kind, "loop", image)
  }

  /// On a file system of a kind, with room for 64 MiB in files; 2 MiB pages where it has huge ones.
  func folder(on kind: String) throws -> String {
    switch kind {
    case "tmpfs": return try tmpfs(mebibytes: 80)
    case "hugetlbfs":
      try reserve(32, of: .mebibytes2)
      return try hugetlbfs(.mebibytes2)
    default: return try disk(kind, mebibytes: 400)
    }
  }

  private func mount(_ kind: String, _ options: String, _ source: String) throws -> String {
    mounts += 1
    let place = file("\(kind)-\(mounts)")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    let ended = try Child(["mount", "-t", kind, "-o", options, source, place]).end()
    if ended.status != 0 { try Test.cancel("\(kind) cannot be mounted here: \(ended.err)") }
    finally { _ = try? tool("umount", "--lazy", place) }
    return place
  }

  /// Somebody else, who attacks: the words that begin it.
  func attacker() throws -> [String] {
    let copy = file("ktask-attack")
    if !FileManager.default.fileExists(atPath: copy) {
      try FileManager.default.copyItem(atPath: BuiltProgram.helper("ktask-attack"), toPath: copy)
      _ = unsafe chmod(copy, 0o755)
    }
    return Host.ordinaryUser + [copy]
  }

  /// The built program, or a copy of it, where every user may run it.
  func programForAll() throws -> String {
    let copy = file("ktaskctl")
    try FileManager.default.copyItem(atPath: BuiltProgram.path, toPath: copy)
    _ = unsafe chmod(copy, 0o755)
    let ended = try Child(Host.ordinaryUser + [copy, "--version"]).end()
    if ended.status != 0 { try Test.cancel("an ordinary user cannot run the program: \(ended.err)") }
    return copy
  }
}
