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
    let callers = machine.callersCPUs()
    let allowed = callers.cpus
    var decision = decide(size: size, callers, helpersLeft: budget.leftHere)
    let home = machine.topology.node(ofCPU: CPUSet.current())
    // whose places are taken: a node without CPUs has none to give
    let servers = nodeTasks.map { machine.node(serving: $0.node, within: allowed) }
    let seats = Policy.seats(sizes: sizes, nodes: servers, threads: max(1, decision.threads), callersNode: home)
    var slots = claimSlots(seats.dropFirst().map { servers[$0] }, &decision)
    // what may be lent is known of each helper since it was made, and not asked for every task
    let callersNice = slots.count > 0 ? callersNice() : 0
    let isHigher = callersNice.map { helpersNice < $0 } ?? true
    let wanted = slots.count > 0 && isHigher ? priority().nice : helpersNice
    let team = Team(helpers: slots.count, nice: wanted)
    if team.threads <= slots.count {
      slots.keep(team.threads - 1)
      decision.lower(by: Bound(.threadCreation, team.threads))
    }
    let chunk = chunk(size: size, threads: team.threads)
    let priority = priority(callersNice: callersNice, lowest: team.lowestNice)
    var handedOver: HelperSlots? = slots
    return unsafe withUnsafePointer(to: work) { work in
      let task = unsafe TaskRun(
        work, nodeTasks, servers: servers, home: home, seats: Array(seats.prefix(team.threads)),
        slots: handedOver.take()!, chunk: chunk,
        guardsTail: priority.tail == .retires && team.threads > 1, control: self, allowedCPUs: allowed)
      let result = task.run(by: team, monitor: monitor, lending: priority.tail == .lends ? callersNice : nil)
      return task.conclude(decision, chunk: chunk, priority: priority, result: result)
    }
  }

  /// A slot for each helper, as far as they go: another task, here or in another process, may have taken some.
  private func claimSlots(_ nodes: [Int?], _ decision: inout ThreadDecision) -> HelperSlots {
    var slots = HelperSlots(capacity: nodes.count)
    if !nodes.isEmpty { budget.refresh() }
    var within = 0
    for node in nodes {
      guard let slot = budget.slot(on: node, beyondLimit: isExplicit) else { break }
      if slot.isWithinLimit { within += 1 }
      slots.append(slot)
    }
    if slots.count < nodes.count { decision.lower(by: Bound(.helperLimit, slots.count + 1)) }
    if within < slots.count { decision.exceed(Bound(.helperLimit, within + 1)) }
    return slots
  }

  private var isExplicit: Bool {
    if case .exactly = threads { return true }
    return false
  }

  /// The decision that `run` would make, for a client that prints its plan: what other processes' helpers leave is only
  /// known when it runs. Here as in `chunk(size:threads:)`, bounds below 1, which `run` refuses, count as 1: a plan never
  /// divides by 0.
  public func decide(size: Int) -> ThreadDecision {
    decide(size: size, machine.callersCPUs(), helpersLeft: budget.leftHere)
  }

  /// The largest chunk that `run` would use for so many threads.
  public func chunk(size: Int, threads: Int) -> Int {
    let alignment = max(1, alignment)
    if !isEnabled { return Policy.roundUp(size, to: alignment) }
    return Policy.chunk(
      size: size, threads: threads, minimum: max(1, minimumChunk), maximum: maximumChunk, alignment: alignment)
  }

  private func decide(
    size: Int, _ callers: (cpus: CPUSet, bound: Bound.What), helpersLeft: Int
  ) -> ThreadDecision {
    var bounds = ThreadBounds()
    bounds.size = size
    bounds.minimumChunk = max(1, minimumChunk)
    bounds.alignment = max(1, alignment)
    bounds.allowedCPUs = callers.cpus.count
    bounds.cpuBound = callers.bound
    bounds.cpusetCPUs = machine.cpuset?.count
    bounds.physicalCores = machine.topology.physicalCores(in: callers.cpus)
    bounds.cpuQuota = machine.cpuQuota
    bounds.savesEnergy = machine.savesEnergy != nil && !ignoresPowerPolicy
    bounds.maximumThreads = maximumThreads
    bounds.helpersLeft = helpersLeft
    bounds.isEnabled = isEnabled
    return Policy.threads(threads, within: bounds)
  }
}

extension ThreadDecision {
  /// Fewer threads than decided, for a reason that showed only on the way.
  mutating func lower(by bound: Bound) {
    replace(bound)
    threads = min(threads, bound.threads)
  }

  /// An explicit request that turned out to go beyond a bound.
  mutating func exceed(_ bound: Bound) {
    replace(bound)
    exceeded.removeAll { $0.what == bound.what }
    exceeded.append(bound)
  }

  private mutating func replace(_ bound: Bound) {
    bounds.removeAll { $0.what == bound.what }
    bounds.append(bound)
  }
}
