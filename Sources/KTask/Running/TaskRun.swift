internal import LinuxSystem
internal import Synchronization

/// One task while it runs: its queues, its threads' records, and what each thread does with them.
@safe
final class TaskRun<Work: TaskWork & ~Copyable>: @unchecked Sendable {
  // @unchecked: queues and the flag are atomic inside; a record and a seat are touched by their own thread only, and by
  // the caller before the start and after the join.
  typealias Position = Work.Position
  typealias Queue = ChunkQueue<Work.Iterator>
  typealias Record = ThreadRecord<Position, Work.Failure>

  private let work: UnsafePointer<Work>
  private let nodeTasks: [NodeTask<Position>]
  let seating: Seating
  private let queues: UnsafeMutablePointer<Queue>
  let records: SpacedArray<Record>
  private let open: OpenNodeTasks
  private(set) var permits: HelperPermits
  /// nil: all threads work all the time.
  let finders: KneeFinders?
  private let stop = UnsafeMutablePointer<StopFlag>.allocate(capacity: 1)
  private let tail = UnsafeMutablePointer<TailGuard>.allocate(capacity: 1)

  /// `guardsTail`: the caller cannot lend its priority, so that a `TailGuard` bounds the tail.
  init(
    _ work: UnsafePointer<Work>, _ nodeTasks: [NodeTask<Position>], _ seating: Seating,
    permits: consuming HelperPermits, finders: KneeFinders? = nil, guardsTail: Bool, control: TaskControl
  ) {
    unsafe self.work = unsafe work
    self.nodeTasks = nodeTasks
    self.seating = seating
    self.permits = permits
    self.finders = finders
    let seats = seating.seats
    unsafe queues = .allocate(capacity: nodeTasks.count)
    for (index, task) in nodeTasks.enumerated() {
      let iterator = unsafe work.pointee.iterator
      unsafe (queues + index).initialize(
        to: Queue(task, iterator: iterator, alignment: control.alignment, threads: seats.count))
    }
    records = SpacedArray(seats.count)
    open = OpenNodeTasks(sizes: seating.sizes, nodes: seating.nodes, seats: seats)
    let pace = Pace(
      most: control.chunk(size: seating.units, threads: seats.count), first: control.minimumChunk,
      alignment: control.alignment, threads: seats.count,
      time: control.isEnabled ? control.chunkTime : nil, isAsked: guardsTail || finders != nil)
    for (index, seat) in seats.enumerated() {
      let tail = unsafe guardsTail ? UnsafePointer(tail) : nil
      unsafe records[index].initialize(to: Record(nodeTask: seat, number: index, pace: pace, tail: tail))
    }
    unsafe stop.initialize(to: StopFlag())
    unsafe tail.initialize(to: TailGuard(units: seating.units))
  }

  deinit {
    unsafe queues.deinitialize(count: nodeTasks.count)
    unsafe queues.deallocate()
    for index in 0..<records.count { unsafe records[index].deinitialize(count: 1) }
    unsafe stop.deinitialize(count: 1)
    unsafe stop.deallocate()
    unsafe tail.deinitialize(count: 1)
    unsafe tail.deallocate()
  }

  /// Runs the task on the team's threads; the time from the first chunk's hand-out to the last one's end.
  func run(by team: borrowing Team, monitor: TaskMonitor?, lending callersNice: Int?) -> Team.Result {
    if nodeTasks.isEmpty { return Team.Result(nanoseconds: 0) }
    monitor?.attach(attachment)
    assignRanks()
    let result = team.run(
      bind: bind, work: takePart, first: { unsafe !records[$0].pointee.rests }, lending: callersNice)
    monitor?.detach()
    // now, not with this object, which the helpers may let go of a little later
    permits.keep(0)
    return result
  }

  // MARK: what a thread does

  /// Binds a helper to its node's CPUs: the caller does so before the first chunk is handed out.
  func bind(_ thread: Int, _ helper: Helper) { helper.bind(to: cpus(of: thread)) }

  /// Where a helper is to run, which is noted.
  private func cpus(of thread: Int) -> CPUSet {
    let nodeTask = unsafe records[thread].pointee.nodeTask
    let node = permits.node(of: thread - 1)
    unsafe records[thread].pointee.node = node
    return node == nil ? seating.allowedCPUs : seating.cpus[nodeTask] ?? seating.allowedCPUs
  }

  /// Takes chunks until none is left anywhere (R3) or the task stops.
  func takePart(_ thread: Int, _ helper: Helper?) {
    let began = Clock.now()
    let record = unsafe records[thread]
    unsafe record.pointee.pace.start()
    while true {
      let current = unsafe record.pointee.nodeTask
      unsafe work.pointee._drain(queues[current], record, UnsafePointer(stop))
      if unsafe record.pointee.failure != nil { unsafe fail(record) }
      if unsafe stop.pointee.isRaised || record.pointee.hasRetired || record.pointee.rests { break }
      if unsafe record.pointee.hasReported {
        unsafe record.pointee.hasReported = false
        unsafe lookForKnee(record.pointee.pace)
        continue
      }
      // the caller takes remote chunks but never moves
      guard let next = nextNodeTask(for: thread, after: current) else { break }
      unsafe record.pointee.nodeTask = next
      unsafe record.pointee.moves += 1
      if isElsewhere(next, than: current) {
        unsafe leave(record)
        if helper != nil { break }
      } else if let helper {
        move(thread, helper, to: next)
      }
    }
    if unsafe stop.pointee.isRaised { closeQueues() }
    unsafe record.pointee.nanoseconds += Clock.since(began)
  }

  /// R5: the failure is noted, and gets its rank among the failures, when no queue hands out a chunk any more. A
  /// thread that looked at the flag before, and takes a chunk now, gets none.
  private func fail(_ record: UnsafeMutablePointer<Record>) {
    closeQueues()
    let order = unsafe stop.pointee.raise()
    unsafe record.pointee.failedAs = order
  }

  func nextNodeTask(for thread: Int, after current: Int) -> Int? {
    let here = thread == 0 ? seating.home : seating.servers[current]
    let staysFirst = finders?.areSeveral ?? false
    return open.next(
      for: thread,
      remaining: { unsafe queues[$0].remaining() },
      distance: { index in
        if staysFirst && !isElsewhere(index, than: current) { return 0 }
        guard let here, let there = seating.nodes[index] else { return 0 }
        return seating.topology.distance(from: here, to: there)
      })
  }

  private func move(_ thread: Int, _ helper: Helper, to nodeTask: Int) {
    permits.move(thread - 1, to: seating.servers[nodeTask])
    helper.move(to: cpus(of: thread))
  }

  private func closeQueues() {
    for index in nodeTasks.indices { unsafe queues[index].close() }
  }

  // MARK: what the caller does around it

  /// For the monitor, while the task runs.
  var attachment: TaskMonitor.Attachment {
    unsafe TaskMonitor.Attachment(
      stop: UnsafePointer(stop), units: seating.units,
      unitsDone: { [unowned(unsafe) self] in unsafe self.unitsDone })
  }

  private var unitsDone: Int {
    (0..<records.count).reduce(0) { unsafe $0 + records[$1].pointee.units.load(ordering: .relaxed) }
  }

  /// After the join: undoes what a failure or a cancellation leaves, and tells what happened.
  func conclude(
    _ decision: ThreadDecision, chunk: Int, priority: HelperPriority, result: Team.Result
  ) -> TaskOutcome<Position, Work.Failure> {
    let failures = failuresInTime()
    let end = endOfTask(failed: !failures.isEmpty)
    let done = unitsDone
    return TaskOutcome(
      end: end, failures: failures, threads: threadReports(), bounds: decision.bounds + kneeBound,
      exceededBounds: decision.exceeded, priority: priority, lent: result.lent, chunk: chunk,
      seconds: Double(result.nanoseconds) / 1e9, unitsDone: done,
      unitsUndone: end == .finished ? 0 : undo(failures), knee: finders?.knee, steps: finders?.steps ?? [])
  }

  /// The knee, where it is less than the threads there were.
  private var kneeBound: [Bound] {
    finders?.knee.map { $0 < records.count ? [Bound(.knee, $0)] : [] } ?? []
  }

  /// A cancellation that came when everything had been handed out changed nothing.
  private func endOfTask(failed: Bool) -> TaskOutcome<Position, Work.Failure>.End {
    if failed { return .failed }
    let isComplete = nodeTasks.indices.allSatisfy { unsafe queues[$0].handedOut().units == seating.sizes[$0] }
    return isComplete ? .finished : .cancelled
  }

  private func failuresInTime() -> [FailedChunk<Position, Work.Failure>] {
    if unsafe !stop.pointee.hasFailed() { return [] }
    return (0..<records.count)
      .compactMap { index in unsafe records[index].pointee.failure.map { unsafe ($0, records[index].pointee.failedAs) }
      }
      .sorted { $0.1 < $1.1 }
      .map { $0.0 }
  }

  private func undo(_ failures: [FailedChunk<Position, Work.Failure>]) -> Int {
    var units = 0
    for (index, task) in nodeTasks.enumerated() {
      let runs = finishedRuns(
        start: task.start, handedOut: unsafe queues[index].handedOut(),
        failed: failures.filter { $0.nodeTask == index })
      for run in runs {
        unsafe work.pointee.undo(from: run.start, to: run.end)
        units += run.units
      }
    }
    return units
  }

  private func threadReports() -> [TaskOutcome<Position, Work.Failure>.Thread] {
    (0..<records.count).map { index in
      let record = unsafe records[index]
      return unsafe .init(
        isHelper: record.pointee.isHelper, node: record.pointee.node, chunks: record.pointee.chunks,
        units: record.pointee.units.load(ordering: .relaxed), seconds: Double(record.pointee.nanoseconds) / 1e9,
        moves: record.pointee.moves)
    }
  }
}
