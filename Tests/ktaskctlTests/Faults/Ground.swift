import Foundation
@unsafe @preconcurrency import Glibc
import Testing

/// Where a scenario is run again and again: its file is made anew for every run.
final class Ground {
  let scenario: Scenario
  let folder: String
  private let scratch: Scratch

  init(_ scenario: Scenario) throws {
    self.scenario = scenario
    scratch = try Scratch()
    if scenario.place != "hugetlbfs", scenario.words.contains("2M") { try scratch.reserve(16, of: .mebibytes2) }
    folder = try scenario.place.map(scratch.folder) ?? scratch.path
  }

  var file: String { folder + "/vm" }
  var report: String { scratch.path + "/report" }
  var words: [String] {
    scenario.words.map { $0.replacing("FILE", with: file).replacing("FOLDER", with: scratch.path) }
  }

  private func beside(_ name: String) -> String { scratch.path + "/" + name }

  func remake() throws {
    for name in ["export.json", "export.csv", "pid"] { _ = unsafe unlink(beside(name)) }
    if scenario.words.contains(Scenario.export) { _ = Host.write("{\"old\": true}", to: beside("export.json")) }
    guard scenario.place != nil else { return }
    _ = unsafe unlink(file)
    if case .missing = scenario.made { return }
    try make()
  }

  private func make() throws {
    let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor == -1 { throw Failure("\(file) cannot be made: errno \(errno)") }
    defer { close(descriptor) }
    _ = ftruncate(descriptor, off_t(Scenario.bytes))
    try fill(descriptor)
    // by now nothing maps it: mapped pages stay in memory
    if scenario.place == "ext4" { settle(descriptor) }
  }

  private func fill(_ descriptor: Int32) throws {
    let all = Scenario.bytes
    let content = try Content(file, reserving: false)
    switch scenario.made {
    case .missing, .sparse: break
    case .data, .halfCached: content.write(0..<all)
    case .zeros:
      _ = posix_fallocate(descriptor, 0, off_t(all))
      content.clear(0..<all)
    case .partly: content.write(all / 4..<all / 2)
    case .fallocated:
      _ = posix_fallocate(descriptor, 0, off_t(all / 2))
      content.write(all / 4 * 3..<all)
    }
  }

  /// On the disk, and half of it no longer in memory.
  private func settle(_ descriptor: Int32) {
    _ = fsync(descriptor)
    guard case .halfCached = scenario.made else { return }
    _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM)
    var page = [UInt8](repeating: 0, count: Content.page)
    for at in stride(from: 0, to: Scenario.bytes / 2, by: page.count) {
      _ = unsafe pread(descriptor, &page, page.count, off_t(at))
    }
  }

  func state() -> GroundState {
    GroundState(
      folders: [scratch.path, folder], file: scenario.place == nil ? nil : file, export: beside("export.json"))
  }
}

/// What there is to be seen of the ground, asked of the kernel.
struct GroundState {
  var names: [String]
  /// A document from an earlier run, or from this one.
  var exported: String?
  var size: Int?
  var allocated = 0
  /// Pages in memory, of a file on disk.
  var cached = 0
  var bytes: [UInt8] = []
  var pool: [Int]

  init(folders: [String], file: String?, export: String) {
    names = folders.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }.sorted()
    names.removeAll { ["report", "export.csv"].contains($0) }
    exported = FileFacts(export) == nil ? nil : Host.text(export)
    pool = [HugePage.mebibytes2.total, HugePage.mebibytes2.free, HugePage.mebibytes2.available]
    guard let file, let facts = FileFacts(file) else { return }
    (size, allocated) = (facts.size, facts.allocated)
    if facts.size == 0 { return }
    cached = (try? Content(file, reserving: false).residentBytes) ?? -1
    bytes = Self.read(file, facts.size)
  }

  /// Beside the page cache, where that can be, so that a file on disk has no more in memory afterwards.
  private static func read(_ file: String, _ size: Int) -> [UInt8] {
    let direct = unsafe open(file, O_RDONLY | O_CLOEXEC | 0o40000)  // O_DIRECT
    let descriptor = direct == -1 ? unsafe open(file, O_RDONLY | O_CLOEXEC) : direct
    defer { close(descriptor) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: Content.page)
    defer { unsafe buffer.deallocate() }
    return unsafe pread(descriptor, buffer.baseAddress, size, 0) == size ? [UInt8](buffer) : []
  }

  /// What differs from before, in words.
  func changes(since before: GroundState, onDisk: Bool) -> [String] {
    var changes: [String] = []
    if names != before.names { changes.append("the directory has \(names), had \(before.names)") }
    if size != before.size { changes.append("size \(size ?? -1), was \(before.size ?? -1)") }
    // a disk may keep a block in which it lists the file's blocks
    if allocated - before.allocated > (onDisk ? 4096 : 0) || allocated < before.allocated {
      changes.append("\(allocated) bytes allocated, were \(before.allocated)")
    }
    if onDisk && cached > before.cached { changes.append("\(cached) bytes in memory, were \(before.cached)") }
    if bytes != before.bytes { changes.append("the content is another") }
    if pool != before.pool { changes.append("the pool has \(pool), had \(before.pool)") }
    return changes
  }
}
