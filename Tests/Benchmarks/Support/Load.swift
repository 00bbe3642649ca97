import Glibc
import LinuxSystem
import Synchronization

/// A CPU-bound neighbour: a process with one thread per CPU that counts, at the usual priority, until it is told to stop.
@safe
final class Load {
  private let counts: LoadCounts
  private let process: pid_t

  /// Starts it. It ends with this object, or with this process however that ends.
  init(threads: Int) throws {
    counts = try LoadCounts(threads: threads)
    process = try Programs.start(["/proc/self/exe", Self.word, counts.path, "\(threads)"])
    let child = process
    CleanUp.add { kill(child, SIGKILL) }
    while counts.sum == 0 { usleep(1000) }
  }

  deinit {
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
  }

  /// What it counted a second while `body` ran.
  func rate<Result>(during body: () throws -> Result) rethrows -> (rate: Double, result: Result) {
    let (before, began) = (counts.sum, Clock.now())
    let result = try body()
    let elapsed = Double(Clock.now() - began) / 1e9
    return (Double(counts.sum - before) / elapsed, result)
  }

  // MARK: in the process of its own

  static let word = "--load"

  /// `path` is that of the counts. Never returns.
  static func run(_ path: String, threads: Int) -> Never {
    let parent = getppid()
    guard let counts = try? LoadCounts(path: path, threads: threads) else { exit(1) }
    Threads.run(threads) { index in
      while getppid() == parent { counts.count(index) }
    }
    exit(0)
  }
}

/// A count for each thread of the load, cache lines apart, in memory that both processes map.
@safe
private final class LoadCounts: Sendable {
  private let mapping: Mapping
  private let file: Owner?
  private let threads: Int
  private static let spacing = 128

  /// Keeps the memory's name: a class cannot look into an optional that cannot be copied.
  private final class Owner: Sendable {
    let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
  }

  init(threads: Int) throws {
    let file = try FileDescriptor.memory("ktask-bench load")
    try file.resize(to: threads * Self.spacing)
    mapping = try Mapping.shared(file, threads * Self.spacing)
    self.file = Owner(file)
    self.threads = threads
  }

  init(path: String, threads: Int) throws {
    mapping = try Mapping.shared(FileDescriptor.open(path, [.readWrite, .followLinks]), threads * Self.spacing)
    file = nil
    self.threads = threads
  }

  /// For the child: this process's descriptor.
  var path: String { "/proc/\(getpid())/fd/\(file?.descriptor.number ?? -1)" }

  private func cell(_ index: Int) -> UnsafeMutablePointer<Atomic<Int>> {
    let address = mapping.address + UInt(index * Self.spacing)
    return unsafe UnsafeMutablePointer(bitPattern: address)!
  }

  var sum: Int { (0..<threads).reduce(0) { unsafe $0 + cell($1).pointee.load(ordering: .relaxed) } }

  /// Some microseconds of arithmetic, counted.
  func count(_ index: Int) {
    var state = UInt64(truncatingIfNeeded: index)
    for _ in 0..<10_000 { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
    // never so, but the compiler cannot know and keeps the loop
    if state == 42 { fatalError() }
    unsafe cell(index).pointee.add(1, ordering: .relaxed)
  }
}
