import Foundation
@unsafe @preconcurrency import Glibc
import LinuxSystem
import Testing

/// Where a scenario is run again and again: its file is made anew for every run.
final class Ground {
  let scenario: Scenario
  let folder: String
  private let scratch: Scratch
  private var memfd: Owned<FileDescriptor>?
  private let room = Room()

  init(_ scenario: Scenario) throws {
    self.scenario = scenario
    scratch = try Scratch()
    if scenario.needsPool { try scratch.reserve(16, of: .mebibytes2) }
    let place = scenario.place == "memfd" ? nil : scenario.place
    folder = try place.map(scratch.folder) ?? scratch.path
    for report in Scenario.compared where scenario.words.contains(report) {
      let words = ["clear", "--size", "2M", "--threads", "1", "--quiet", "--export-json"]
      let ended = try Child([BuiltProgram.path] + words + [placed(report)]).end()
      if ended.status != 0 { throw Failure("no report to compare: \(ended.err)") }
    }
  }

  var file: String { memfd.map { "/proc/\(getpid())/fd/\($0.value.number)" } ?? folder + "/vm" }
  var report: String { scratch.path + "/report" }
  var words: [String] { scenario.words.map(placed) }

  private func placed(_ word: String) -> String {
    word.replacing("FILE", with: file).replacing("FOLDER", with: scratch.path).replacing("STOCK", with: stock)
  }
  private var stock: String { folder + "/stock" }
  private var hasStock: Bool { scenario.words.contains("STOCK") }

  private func beside(_ name: String) -> String { scratch.path + "/" + name }

  func remake() throws {
    for name in ["export.json", "export.csv", "pid"] { _ = unsafe unlink(beside(name)) }
    if scenario.words.contains(Scenario.export) { _ = Host.write("{\"old\": true}", to: beside("export.json")) }
    guard scenario.place != nil else { return }
    _ = unsafe unlink(file)
    if hasStock { try remakeStock() }
    if case .missing = scenario.made { return }
    try make()
  }

  private func make() throws {
    memfd = nil
    if scenario.place == "memfd" { memfd = Owned(try .memory("vm")) }
    let descriptor = unsafe open(file, O_RDWR | (memfd == nil ? O_CREAT | O_EXCL : 0) | O_CLOEXEC, 0o600)
    if descriptor == -1 { throw Failure("\(file) cannot be made: errno \(errno)") }
    defer { close(descriptor) }
    var isShort = false
    if case .short = scenario.made { isShort = true }
    _ = ftruncate(descriptor, off_t(isShort ? Scenario.bytes / 2 : Scenario.bytes))
    try fill(descriptor)
    // by now nothing maps it: mapped pages stay in memory
    if scenario.place == "ext4" { settle(descriptor) }
  }

  /// Its names are all that says of it what it is.
  private func remakeStock() throws {
    try? FileManager.default.removeItem(atPath: stock)
    try FileManager.default.createDirectory(
      atPath: stock, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    for number in 0..<scenario.stocked {
      let name = "\(stock)/ready-8M-any-000000000000000\(number)"
      let descriptor = unsafe open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      _ = posix_fallocate(descriptor, 0, off_t(Scenario.bytes))
      close(descriptor)
    }
  }

  private func fill(_ descriptor: Int32) throws {
    let all = Scenario.bytes
    let content = try Content(file, reserving: false)
    switch scenario.made {
    case .missing, .sparse: break
    case .short: content.write(0..<all / 2)
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

  /// As things are, until it is looked at again. `content`: FILE's, where that is known and need not be read.
  func state(content: Data? = nil) -> GroundState {
    var state = GroundState(
      folders: [scratch.path, folder], file: scenario.place == nil ? nil : file, export: beside("export.json"),
      stock: hasStock ? stock : nil, content: content, room)
    // otherwise it is others' affair
    if !scenario.usesPool { state.pool = [] }
    return state
  }
}

/// Where a file's content is read into, again and again: memory that is new for each run would take a fifth of all the time.
@safe
final class Room {
  private let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * Scenario.bytes, alignment: Content.page)
  deinit { unsafe bytes.deallocate() }

  /// Beside the page cache, where that can be, so that a file on disk has no more in memory afterwards. What is read stays until
  /// the next is; nothing where it cannot be read whole.
  func read(_ file: String, _ size: Int) -> Data {
    let direct = unsafe open(file, O_RDONLY | O_CLOEXEC | 0o40000)  // O_DIRECT
    let descriptor = direct == -1 ? unsafe open(file, O_RDONLY | O_CLOEXEC) : direct
    defer { close(descriptor) }
    guard let start = unsafe bytes.baseAddress, unsafe size <= bytes.count,
      unsafe pread(descriptor, start, size, 0) == size
    else { return Data() }
    return unsafe Data(bytesNoCopy: start, count: size, deallocator: .none)
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
  var bytes = Data()
  var pool: [Int]
  var inode = 0
  var stock: [Stocked] = []

  /// A file of a stock.
  struct Stocked: Equatable {
    var name: String
    var inode: Int
    /// All of it is there, nothing but zeros, and its owner's alone.
    var isReady: Bool
    /// What its name says of it.
    var state: Substring { name.prefix { $0 != "-" } }
  }

  init(folders: [String], file: String?, export: String, stock folder: String?, content: Data?, _ room: Room) {
    names = folders.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }.sorted()
    // what is in the exports is looked at, and a document that would be false by then goes
    names.removeAll { ["report", "export.csv", "export.json"].contains($0) }
    exported = FileFacts(export) == nil ? nil : Host.text(export)
    pool = [HugePage.mebibytes2.total, HugePage.mebibytes2.free, HugePage.mebibytes2.available]
    stock = folder.map(Self.stocked) ?? []
    guard let file, let facts = FileFacts(file, following: true) else { return }
    inode = Self.inode(file)
    (size, allocated) = (facts.size, facts.allocated)
    if facts.size == 0 { return }
    cached = (try? Content(file, reserving: false).residentBytes) ?? -1
    bytes = content ?? room.read(file, facts.size)
  }

  private static func inode(_ path: String) -> Int {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.systemFileNumber] as? Int ?? -1
  }

  private static func stocked(in folder: String) -> [Stocked] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().map { name in
      let path = folder + "/" + name
      guard let facts = FileFacts(path) else { return Stocked(name: name, inode: -1, isReady: false) }
      // what is missing is not read, which would make it
      let isWhole = facts.size == Scenario.bytes && facts.allocated == facts.size && facts.mode == 0o600
      let isZero = isWhole && (try? Content(path, reserving: false).isZero(0..<facts.size)) == true
      return Stocked(name: name, inode: inode(path), isReady: isZero)
    }
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
    if stock != before.stock { changes.append("the stock has \(stock.map(\.name)), had \(before.stock.map(\.name))") }
    if pool != before.pool { changes.append("the pool has \(pool), had \(before.pool)") }
    return changes
  }
}
