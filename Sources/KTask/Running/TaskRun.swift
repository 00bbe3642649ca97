internal import LinuxSystem
internal import Synchronization

/// One task while it runs: its queues, its threads' slots, and what each thread does with them.
@safe
final class TaskRun<Work: TaskWork & ~Copyable>: @unchecked Sendable {
  // @unchecked: queues and the flag are atomic inside; a slot and a seat are touched by their own thread only, and by
  // the caller before the start and after the join.
  typealias Position = Work.Position
  typealias Queue = ChunkQueue<Work.Iterator>
  typealias Slot = ThreadSlot<Position, Work.Failure>

  private let work: UnsafePointer<Work>
  private let nodeTasks: [NodeTask<Position>]
  private let topology: Topology
  /// For each node task the node whose CPUs serve it; nil for none in particular.
  private let servers: [Int?]
  /// The caller's node.
  private let home: Int?
  /// For each node task the CPUs that its helpers run on; nil: any of the caller's.
  private let cpus: [CPUSet?]
  private let allowedCPUs: CPUSet
  private let queues: UnsafeMutablePointer<Queue>
  private let slots: SpacedArray<Slot>
  private let open: OpenNodeTasks
  private var helperSlots: HelperSlots
  private let stop = UnsafeMutablePointer<StopFlag>.allocate(capacity: 1)
  private let tail = UnsafeMutablePointer<TailGuard>.allocate(capacity: 1)

  init(
    _ work: UnsafePointer<Work>, _ nodeTasks: [NodeTask<Position>], servers: [Int?], home: Int?, seats: [Int],
    slots helperSlots: consuming HelperSlots,
    chunk: Int, guardsTail: Bool, control: TaskControl, allowedCPUs: CPUSet
  ) {
    unsafe self.work = unsafe work
    self.nodeTasks = nodeTasks
    self.servers = servers
    self.home = home
    self.helperSlots = helperSlots
    self.allowedCPUs = allowedCPUs
    topology = control.machine.topology
    cpus = servers.map { control.machine.cpus(serving: $0, within: allowedCPUs) }
    unsafe queues = .allocate(capacity: nodeTasks.count)
    for (index, task) in nodeTasks.enumerated() {
      let iterator = unsafe work.pointee.iterator
      unsafe (queues + index).initialize(
        to: Queue(task, iterator: iterator, alignment: control.alignment))
    }
    slots = SpacedArray(seats.count)
    open = OpenNodeTasks(sizes: nodeTasks.map { $0.size }, nodes: nodeTasks.map { $0.node }, seats: seats)
    let pace = Pace(
      most: chunk, grain: control.alignment, threads: seats.count,
      time: control.isEnabled ? control.chunkTime : nil, isAsked: guardsTail)
    for (index, seat) in seats.enumerated() {
      let tail = unsafe guardsTail ? UnsafePointer(tail) : nil
      unsafe slots[index].initialize(to: Slot(nodeTask: seat, isHelper: index > 0, pace: pace, tail: tail))
    }
    unsafe stop.initialize(to: StopFlag())
    unsafe tail.initialize(to: TailGuard(units: nodeTasks.reduce(0) { $0 + $1.size }))
  }

  deinit {
    unsafe queues.deinitialize(count: nodeTasks.count)
    unsafe queues.deallocate()
    for index in 0..<slots.count { unsafe slots[index].deinitialize(count: 1) }
    unsafe stop.deinitialize(count: 1)
    unsafe stop.deallocate()
    unsafe tail.deinitialize(count: 1)
    unsafe tail.deallocate()
  }

  /// Runs the task on the team's threads; the time from the first chunk's hand-out to the last one's end.
  func run(by team: borrowing Team, monitor: TaskMonitor?, lending callersNice: Int?) -> Team.Result {
    if nodeTasks.isEmpty { return Team.Result(nanoseconds: 0) }
    monitor?.attach(attachment)
    let result = team.run(place: place, work: takePart, lending: callersNice)
    monitor?.detach()
    // now, not with this object, which the helpers may let go of a little later
    helperSlots.keep(0)
    return result
  }

  // MARK: what a thread does

  /// Puts a helper on its node's CPUs: the caller does so before the first chunk is handed out, a helper that moves
  /// for itself.
  func place(_ thread: Int, _ helper: Helper) {
    let nodeTask = unsafe slots[thread].pointee.nodeTask
    let node = helperSlots.node(of: thread - 1)
    unsafe slots[thread].pointee.node = node
    helper.place(on: node == nil ? allowedCPUs : cpus[nodeTask] ?? allowedCPUs)
  }

  /// Takes chunks until none is left anywhere (R3) or the task stops.
  func takePart(_ thread: Int, _ helper: Helper?) {
    let began = Clock.now()
    let slot = unsafe slots[thread]
    unsafe slot.pointee.pace.start()
    while true {
      let current = unsafe slot.pointee.nodeTask
      unsafe work.pointee._drain(queues[current], slot, UnsafePointer(stop))
      if unsafe slot.pointee.failure != nil { unsafe fail(slot) }
      if unsafe stop.pointee.isRaised || slot.pointee.hasRetired { break }
      // the caller takes remote chunks but never moves
      guard let next = nextNodeTask(for: thread, from: helper == nil ? home : servers[current]) else { break }
      unsafe slot.pointee.nodeTask = next
      unsafe slot.pointee.moves += 1
      if let helper { move(thread, helper, to: next) }
    }
    if unsafe stop.pointee.isRaised { closeQueues() }
    unsafe slot.pointee.nanoseconds = Clock.since(began)
  }

  /// R5: the failure is noted, and has its place in the order of failures, when no queue hands out a chunk any more. A
  /// thread that looked at the flag before, and takes a chunk now, gets none.
  private func fail(_ slot: UnsafeMutablePointer<Slot>) {
    closeQueues()
    let order = unsafe stop.pointee.raise()
    unsafe slot.pointee.failedAs = order
  }

  private func nextNodeTask(for thread: Int, from here: Int?) -> Int? {
    open.next(
      for: thread,
      remaining: { unsafe queues[$0].remaining() },
      distance: { index in
        guard let here, let there = nodeTasks[index].node else { return 0 }
        return topology.distance(from: here, to: there)
      })
  }

  private func move(_ thread: Int, _ helper: Helper, to nodeTask: Int) {
    helperSlots.move(thread - 1, to: servers[nodeTask])
    place(thread, helper)
  }

  private func closeQueues() {
    for index in nodeTasks.indices { unsafe queues[index].close() }
  }

  // MARK: what the caller does around it

  /// For the monitor, while the task runs.
  var attachment: TaskMonitor.Attachment {
    unsafe TaskMonitor.Attachment(
      stop: UnsafePointer(stop), units: nodeTasks.reduce(0) { $0 + $1.size },
      unitsDone: { [unowned self] in self.unitsDone })
  }

  private var unitsDone: Int {
    (0..<slots.count).reduce(0) { unsafe $0 + slots[$1].pointee.units.load(ordering: .relaxed) }
  }

  /// After the join: undoes what a failure or a cancellation leaves, and tells what happened.
  func conclude(
    _ decision: ThreadDecision, chunk: Int, priority: HelperPriority, result: Team.Result
  ) -> TaskOutcome<Position, Work.Failure> {
    let failures = failuresInTime()
    let end = endOfTask(failed: !failures.isEmpty)
    let done = unitsDone
    return TaskOutcome(
      end: end, failures: failures, threads: threadReports(), bounds: decision.bounds,
      exceededBounds: decision.exceeded, priority: priority, lent: result.lent, chunk: chunk,
      seconds: Double(result.nanoseconds) / 1e9, unitsDone: done,
      unitsUndone: end == .finished ? 0 : undo(failures))
  }

  /// A cancellation that came when everything had been handed out changed nothing.
  private func endOfTask(failed: Bool) -> TaskOutcome<Position, Work.Failure>.End {
    if failed { return .failed }
    let isComplete = nodeTasks.indices.allSatisfy { unsafe queues[$0].handedOut().units == nodeTasks[$0].size }
    return isComplete ? .finished : .cancelled
  }

  private func failuresInTime() -> [FailedChunk<Position, Work.Failure>] {
    if unsafe !stop.pointee.hasFailed() { return [] }
    return (0..<slots.count)
      .compactMap { index in unsafe slots[index].pointee.failure.map { unsafe ($0, slots[index].pointee.failedAs) } }
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
    (0..<slots.count).map { index in
      let slot = unsafe slots[index]
      return unsafe .init(
        isHelper: slot.pointee.isHelper, node: slot.pointee.node, chunks: slot.pointee.chunks,
        units: slot.pointee.units.load(ordering: .relaxed), seconds: Double(slot.pointee.nanoseconds) / 1e9,
        moves: slot.pointee.moves)
    }
  }
}
