internal import LinuxSystem

extension TaskControl {
  /// Runs a task of `size` units from `start` (ktask_run): see `run(_:nodeTasks:monitor:)`.
  public func run<Work: TaskWork & ~Copyable>(
    _ work: borrowing Work, start: Work.Position, size: Int, monitor: TaskMonitor? = nil
  ) throws(TaskControlError) -> TaskOutcome<Work.Position, Work.Failure> {
    try run(work, nodeTasks: [NodeTask(start: start, size: size)], monitor: monitor)
  }

  /// Runs a task of several node tasks (ktask_run_numa), on the caller's thread and on helpers, and returns when all
  /// of it is done, or when it failed or was cancelled and has been undone.
  public func run<Work: TaskWork & ~Copyable>(
    _ work: borrowing Work, nodeTasks: [NodeTask<Work.Position>], monitor: TaskMonitor? = nil
  ) throws(TaskControlError) -> TaskOutcome<Work.Position, Work.Failure> {
    // closures, not key paths: of a generic type those are made anew at every use, which takes microseconds
    let sizes = nodeTasks.map { $0.size }
    let size = try check(sizes: sizes)
    let allowed = machine.callersCPUs()
    var decision = decide(size: size, allowedCPUs: allowed)
    let seats = Policy.seats(
      sizes: sizes, nodes: nodeTasks.map { $0.node }, threads: max(1, decision.threads),
      callersNode: machine.topology.node(ofCPU: CPUSet.current()))
    var slots = claimSlots(seats.dropFirst().map { nodeTasks[$0].node }, &decision)
    let team = Team(helpers: slots.count)
    if team.threads <= slots.count {
      slots.keep(team.threads - 1)
      decision.lower(by: Bound(.threadCreation, team.threads))
    }
    let chunk = chunk(size: size, threads: team.threads)
    var handedOver: HelperSlots? = slots
    return unsafe withUnsafePointer(to: work) { work in
      let task = unsafe TaskRun(
        work, nodeTasks, seats: Array(seats.prefix(team.threads)), slots: handedOver.take()!, chunk: chunk,
        control: self,
        allowedCPUs: allowed)
      let seconds = task.run(by: team, monitor: monitor)
      return task.conclude(decision, chunk: chunk, seconds: seconds)
    }
  }

  /// A slot for each helper, as far as they go: another task may have taken some since the decision.
  private func claimSlots(_ nodes: [Int?], _ decision: inout ThreadDecision) -> HelperSlots {
    var slots = HelperSlots(capacity: nodes.count)
    for node in nodes {
      guard let slot = budget.slot(on: node, beyondLimit: threads != .automatic) else {
        decision.lower(by: Bound(.helperLimit, slots.count + 1))
        break
      }
      slots.append(slot)
    }
    return slots
  }

  /// The decision that `run` would make now, for a client that prints its plan. Here as in `chunk(size:threads:)`,
  /// bounds below 1, which `run` refuses, count as 1: a plan never divides by 0.
  public func decide(size: Int) -> ThreadDecision { decide(size: size, allowedCPUs: machine.callersCPUs()) }

  /// The chunk that `run` would use for so many threads.
  public func chunk(size: Int, threads: Int) -> Int {
    let alignment = max(1, alignment)
    if !isEnabled { return Policy.roundUp(size, to: alignment) }
    return Policy.chunk(
      size: size, threads: threads, minimum: max(1, minimumChunk), maximum: maximumChunk, alignment: alignment)
  }

  private func decide(size: Int, allowedCPUs: CPUSet) -> ThreadDecision {
    var bounds = ThreadBounds()
    bounds.size = size
    bounds.minimumChunk = max(1, minimumChunk)
    bounds.alignment = max(1, alignment)
    bounds.allowedCPUs = allowedCPUs.count
    bounds.cpuQuota = machine.cpuQuota
    bounds.maximumThreads = maximumThreads
    bounds.helpersLeft = budget.left
    bounds.isEnabled = isEnabled
    return Policy.threads(threads, within: bounds)
  }
}

extension ThreadDecision {
  /// Fewer threads than decided, for a reason that showed only on the way.
  mutating func lower(by bound: Bound) {
    bounds.removeAll { $0.what == bound.what }
    bounds.append(bound)
    threads = min(threads, bound.threads)
  }
}
