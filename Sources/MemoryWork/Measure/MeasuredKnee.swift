public import KTask
internal import LinuxSystem

/// How many threads are right for making pages of one kind on one node, found on free memory that is proven to be ready and zero,
/// and given back.
public struct MeasuredKnee: Sendable, Equatable {
  /// What it was found on.
  public var bytes: Int
  /// Threads that there were at most.
  public var threads: Int
  /// The least number of them that was as fast as any; nil: all was done before that showed, or there is one only.
  public var knee: Int?
  /// What was measured for it, in the order of time.
  public var steps: [KneeSample]
  /// Of the knee's threads, or of all where there is none.
  public var bytesPerSecond: Double

  public init(bytes: Int, threads: Int, knee: Int?, steps: [KneeSample], bytesPerSecond: Double) {
    self.bytes = bytes
    self.threads = threads
    self.knee = knee
    self.steps = steps
    self.bytesPerSecond = bytesPerSecond
  }
}

extension MeasuredKnee {
  /// Measured so often, as long as that takes no longer, in nanoseconds: the median counts.
  private static let (runs, patience) = (3, 1_000_000_000 as UInt64)
  /// More threads than the usual minimum chunk has room for on so little are to be tried, too.
  private static let minimumChunk = 4 << 20

  // In a virtual machine the first may be no more than the host's way of giving it memory.

  /// Finds it; nil where too little memory is free. `node` nil: wherever the kernel puts it. `Memory.catchBusErrors` must have
  /// been called.
  public static func find(
    _ page: PageKind, on node: Int?, _ facts: MachineFacts, _ monitor: TaskMonitor? = nil
  ) throws(MemoryError) -> MeasuredKnee? {
    let room = try requiring { () throws(Unreadable) in try facts.room(page, on: node) }
    guard var bytes = room.first else { return nil }
    let began = Clock.now()
    var found: [MeasuredKnee] = []
    while true {
      let one = try measure(page, on: node, bytes, monitor)
      if one.knee == nil, one.threads > 1, found.isEmpty, let more = room.more(than: bytes) {
        bytes = more
        continue
      }
      if one.knee == nil { return median(found) ?? one }
      found.append(one)
      if found.count == runs || Clock.since(began) > patience { return median(found) }
    }
  }

  /// The lower one of two, and of those with that knee the fastest; nil of none.
  static func median(_ found: [MeasuredKnee]) -> MeasuredKnee? {
    if found.isEmpty { return nil }
    let median = found.compactMap(\.knee).sorted()[(found.count - 1) / 2]
    return found.filter { $0.knee == median }.max { $0.bytesPerSecond < $1.bytesPerSecond }
  }

  private static func measure(
    _ page: PageKind, on node: Int?, _ bytes: Int, _ monitor: TaskMonitor?
  ) throws(MemoryError) -> MeasuredKnee {
    let memory = try AnonymousMemory(bytes: bytes, page: page)
    var stock = NodeStock([:])
    if let node { memory.place(Placement(NodeSet([node])), &stock) }
    let job = try ClearAnonymousJob([memory], method: nil)
    var control = job.control(minimumChunk: minimumChunk, threads: .automatic)
    control.findsKnee = true
    let prepared = try job.prepare()
    do throws(MemoryError) {
      let run = try prepared.run(control, monitor)
      if run.end != .finished { throw run.errors.first ?? MemoryError(.cancelled) }
      _ = try prepared.verify(control, monitor)
      _ = prepared.giveBack()
      return MeasuredKnee(run, bytes: bytes)
    } catch {
      _ = prepared.giveBack()
      throw error
    }
  }

  private init(_ run: JobRun, bytes: Int) {
    let atKnee = run.steps.filter { $0.threads == run.knee }
    let (units, nanoseconds) = atKnee.reduce((0.0, 0.0)) { ($0.0 + Double($1.units), $0.1 + Double($1.nanoseconds)) }
    self.init(
      bytes: bytes, threads: run.threads.count, knee: run.knee, steps: run.knee == nil ? [] : run.steps,
      bytesPerSecond: nanoseconds > 0 ? units / nanoseconds * 1e9 : Double(bytes) / max(run.seconds, 1e-9))
  }
}
