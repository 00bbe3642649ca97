import Glibc
import KTask
import LinuxSystem
import Testing

@testable import MemoryWork

/// What is left after a job that was cancelled or failed: everything that was there, and nothing else.
@Suite("Undo of memory work", .serialized)
struct MemoryUndoTests {
  static let mib = 1 << 20

  static func cancelled() -> TaskMonitor {
    let monitor = TaskMonitor()
    monitor.cancel()
    return monitor
  }

  @Test("A finished prefault that is given back leaves the file's own pages, content and size")
  func ownPagesStay() throws {
    let directory = try ScratchDirectory()
    let path = directory.file("a")
    try write(7, to: path, Self.mib..<2 * Self.mib)
    let job = try PrefaultJob(MemoryFile.open([path], size: 64 * Self.mib, creating: true), method: nil)
    let prepared = try job.prepare()
    let control = job.control(minimumChunk: 4 * Self.mib, threads: .automatic)
    #expect(try prepared.run(control, nil).end == .finished)
    #expect(try prepared.verify(control, nil).residentBytes == 64 * Self.mib)
    let given = job.giveBackAll(prepared)
    #expect(given == GivenBack(bytes: 63 * Self.mib, isComplete: true))
    #expect(try FilePlace(path).status().size == 2 * Self.mib)
    #expect(try allocatedBytes(path) == Self.mib)
    #expect(try byte(of: path, at: Self.mib) == 7)
  }

  @Test("A cancelled prefault removes the file that it made")
  func madeFileGoes() throws {
    let directory = try ScratchDirectory()
    let path = directory.file("a")
    let job = try PrefaultJob(MemoryFile.open([path], size: 64 * Self.mib, creating: true), method: nil)
    let prepared = try job.prepare()
    let run = try prepared.run(job.control(minimumChunk: 4 * Self.mib, threads: .automatic), Self.cancelled())
    #expect(run.end == .cancelled)
    #expect(job.giveBackAll(prepared).isComplete)
    #expect(!exists(path))
  }

  @Test("A prefault that cannot begin with one file leaves no policy on those before it")
  func policyGoes() throws {
    let (directory, other) = (try ScratchDirectory(), try ScratchDirectory())
    let path = directory.file("a")
    try write(7, to: path, 0..<4096)
    let folder = other.file("gone")
    unsafe #expect(mkdir(folder, 0o700) == 0)
    let files = try MemoryFile.open([path, folder + "/b"], size: 8 * Self.mib, creating: true)
    var stock = NodeStock([:])
    try files[0].place(Placement(NodeSet([0]), .bind), &stock, Looking())
    let job = try PrefaultJob(files, method: nil)
    unsafe rmdir(folder)
    #expect(throws: MemoryError.self) { try job.prepare() }
    #expect(job.putBack())
    let seen = try Mapping.shared(FileDescriptor.open(path, .readWrite), 4096)
    let maps = try SystemFiles().demand("/proc/self/numa_maps")
    let line = maps.split(separator: "\n").first { $0.hasPrefix(String(seen.address, radix: 16) + " ") }
    #expect(line?.split(separator: " ").dropFirst().first == "default", "\(line ?? "")")
  }

  @Test("What another process wrote meanwhile is not given back, what it did not touch is")
  func othersWritesStay() throws {
    let directory = try ScratchDirectory()
    let path = directory.file("a")
    try write(7, to: path, 0..<4096)
    let other = unsafe open(path, O_RDWR)
    defer { close(other) }
    ftruncate(other, 16 * Self.mib)
    let job = try PrefaultJob(MemoryFile.open([path], size: nil, creating: false), method: nil)
    let prepared = try job.prepare()
    let control = job.control(minimumChunk: 4 * Self.mib, threads: .automatic)
    #expect(try prepared.run(control, nil).end == .finished)
    unsafe #expect(pwrite(other, "x", 1, 5 * Self.mib) == 1)
    // as a VM would have it: open elsewhere, and written to
    #expect(job.giveBackAll(prepared).bytes == 16 * Self.mib - 2 * 4096)
    #expect(try byte(of: path, at: 5 * Self.mib) == UInt8(ascii: "x"))
    #expect(try allocatedBytes(path) == 2 * 4096)
  }

  @Test(
    "What another process wrote meanwhile stays when it has closed the file again, and the file is not cut below it")
  func othersVisitStays() throws {
    let directory = try ScratchDirectory()
    let path = directory.file("a")
    try write(7, to: path, 0..<4096)
    let before = try FilePlace(path).status().size
    let job = try PrefaultJob(MemoryFile.open([path], size: 16 * Self.mib, creating: true), method: nil)
    let prepared = try job.prepare()
    let control = job.control(minimumChunk: 4 * Self.mib, threads: .automatic)
    #expect(try prepared.run(control, nil).end == .finished)
    let other = unsafe open(path, O_RDWR)
    unsafe #expect(pwrite(other, "x", 1, 9 * Self.mib) == 1)
    close(other)
    let given = job.giveBackAll(prepared)
    #expect(!given.isComplete)
    #expect(try byte(of: path, at: 9 * Self.mib) == UInt8(ascii: "x"))
    #expect(try byte(of: path, at: 0) == 7)
    #expect(try FilePlace(path).status().size > before)
    #expect(try allocatedBytes(path) == 2 * 4096)
  }

  @Test(
    "A pool that another process takes meanwhile fails the chunks that find none, and nothing is left",
    .enabled(if: ReservedPages.canReserve, "needs root"))
  func poolTakenMeanwhile() throws {
    let pool = try ReservedPages(40)
    let directory = try HugePageDirectory()
    let page = ReservedPages.size
    let path = directory.file("a")
    let job = try PrefaultJob(MemoryFile.open([path], size: 32 * page, creating: true), method: nil)
    #expect(try !job.checks(.current()).contains { !$0.isMet })
    let taken = try FileDescriptor.memory("taker", hugePageSize: page)
    // all but 20, whatever others have left in the pool
    let bytes = (ReservedPages.free - 20) * page
    try taken.resize(to: bytes)
    let holder = try Mapping.shared(taken, bytes)
    try Memory.populate(holder.address, bytes)
    let free = ReservedPages.free
    let prepared = try job.prepare()
    let run = try prepared.run(job.control(minimumChunk: 2 * page, threads: .automatic), nil)
    #expect(run.end == .failed)
    #expect(run.errors.first?.cause == .failed(.populate, .fault))
    #expect(job.giveBackAll(prepared).isComplete)
    #expect(ReservedPages.free == free)
    #expect(!exists(path))
    withExtendedLifetime(pool) {}
  }

  @Test(
    "A cancelled prefault leaves no page of the pool promised to a file",
    .enabled(if: ReservedPages.canReserve, "needs root"))
  func noPromiseStays() throws {
    let pool = try ReservedPages(24)
    let directory = try HugePageDirectory()
    let page = ReservedPages.size
    let path = directory.file("a")
    try write(7, to: path, 4 * page..<6 * page)
    unsafe #expect(truncate(path, 20 * page) == 0)
    let before = (ReservedPages.free, ReservedPages.reserved)
    let job = try PrefaultJob(MemoryFile.open([path], size: nil, creating: false), method: nil)
    let prepared = try job.prepare()
    #expect(ReservedPages.reserved == before.1)
    let run = try prepared.run(job.control(minimumChunk: page, threads: .automatic), Self.cancelled())
    #expect(run.end == .cancelled)
    #expect(job.giveBackAll(prepared).isComplete)
    #expect(ReservedPages.free == before.0)
    #expect(ReservedPages.reserved == before.1)
    #expect(try byte(of: path, at: 5 * page) == 7)
    withExtendedLifetime(pool) {}
  }

  @Test(
    "Every chunk that finds no memory cleans up after itself and all the others are undone",
    .enabled(if: geteuid() == 0, "needs root: mounts a tmpfs"))
  func tmpfsFull() throws {
    let directory = try ScratchDirectory()
    let mountPoint = directory.file("small")
    unsafe mkdir(mountPoint, 0o700)
    try #require(unsafe mount("none", mountPoint, "tmpfs", 0, "size=32m") == 0)
    defer {
      unsafe umount2(mountPoint, Int32(MNT_DETACH))
      unsafe rmdir(mountPoint)
    }
    let path = mountPoint + "/a"
    try write(7, to: path, 0..<Self.mib)
    let job = try PrefaultJob(MemoryFile.open([path], size: 64 * Self.mib, creating: true), method: nil)
    #expect(try job.checks(.current()).contains { !$0.isMet })
    let prepared = try job.prepare()
    let run = try prepared.run(job.control(minimumChunk: 2 * Self.mib, threads: .automatic), nil)
    #expect(run.end == .failed)
    #expect(run.errors.first?.cause == .failed(.populate, .fault))
    #expect(run.errors.first?.path == path)
    #expect(run.undoneBytes > 0)
    _ = job.giveBackAll(prepared)
    #expect(try allocatedBytes(path) == Self.mib)
    #expect(try FilePlace(path).status().size == Self.mib)
    #expect(try byte(of: path, at: 9) == 7)
  }
}

extension MemoryJob {
  /// The run's pages, then what the job changed for it.
  fileprivate func giveBackAll(_ run: any PreparedRun) -> GivenBack {
    var given = run.giveBack()
    given.isComplete = putBack() && given.isComplete
    return given
  }
}
