internal import LinuxSystem

extension TaskControl {
  /// Runs a task of `size` units from `start` on the caller's node, the one whose CPU it runs on just now (ktask_run): as
  /// one node task, see `run(_:nodeTasks:monitor:)`. For a task of no node in particular (NUMA_NO_NODE) give that a node
  /// task whose node is nil.
  public func run<Work: TaskWork & ~Copyable>(
    _ work: borrowing Work, start: Work.Position, size: Int, monitor: TaskMonitor? = nil
  ) throws(TaskControlError) -> TaskOutcome<Work.Position, Work.Failure> {
    let machine = machineNow(forUnits: size)
    let home = callersNode(machine)
    return try run(work, [NodeTask(start: start, size: size, node: home)], machine, home: home, monitor)
  }

  /// Runs a task of several node tasks (ktask_run_numa), on the caller's thread and on helpers, and returns when all
  /// of it is done, or when it failed or was cancelled and has been undone.
  public func run<Work: TaskWork & ~Copyable>(
    _ work: borrowing Work, nodeTasks: [NodeTask<Work.Position>], monitor: TaskMonitor? = nil
  ) throws(TaskControlError) -> TaskOutcome<Work.Position, Work.Failure> {
    // sizes that do not add up are refused later
    let machine = machineNow(forUnits: nodeTasks.reduce(0) { $0 &+ $1.size })
    return try run(work, nodeTasks, machine, home: callersNode(machine), monitor)
  }

  /// `home`: the caller's node.
  private func run<Work: TaskWork & ~Copyable>(
    _ work: borrowing Work, _ nodeTasks: [NodeTask<Work.Position>], _ machine: Machine, home: Int?,
    _ monitor: TaskMonitor?
  ) throws(TaskControlError) -> TaskOutcome<Work.Position, Work.Failure> {
    // closures, not key paths: of a generic type those are made anew at every use, which takes microseconds
    let sizes = nodeTasks.map { $0.size }
    let size = try check(sizes: sizes)
    let callers = machine.callersCPUs()
    var decision = decide(size: size, machine, callers, helpersLeft: budget.leftHere)
    var seating = Seating(
      sizes: sizes, nodes: nodeTasks.map { $0.node }, machine, within: callers.cpus, home: home,
      threads: max(1, decision.threads))
    var permits = claimPermits(seating.helpersNodes, &decision)
    // what may be lent is known of each helper since it was made, and not asked for every task
    let callersNice = permits.count > 0 ? callersNice() : 0
    let isHigher = callersNice.map { helpersNice < $0 } ?? true
    let wanted = permits.count > 0 && isHigher ? priority().nice : helpersNice
    let team = Team(helpers: permits.count, nice: wanted, self)
    if team.threads <= permits.count {
      permits.keep(team.threads - 1)
      decision.lower(by: Bound(.threadCreation, team.threads))
    }
    seating.keep(team.threads)
    let chunk = chunk(size: size, threads: team.threads)
    let priority = priority(callersNice: callersNice, lowest: team.lowestNice)
    let looksForKnee = findsKnee && !isExplicit && chunkTime != nil && team.threads > 1
    return unsafe withUnsafePointer(to: work) { work in
      let task = unsafe TaskRun(
        work, nodeTasks, seating, permits: permits.takeAll(),
        finders: looksForKnee ? KneeFinders(seating, team.helpers, alignment: alignment, shifts: shifts) : nil,
        guardsTail: priority.tail == .retires && team.threads > 1, control: self)
      let result = task.run(by: team, monitor: monitor, lending: priority.tail == .lends ? callersNice : nil)
      return task.conclude(decision, chunk: chunk, priority: priority, result: result)
    }
  }

  /// The node whose CPU the calling thread runs on; nil where that is not known.
  private func callersNode(_ machine: Machine) -> Int? { machine.topology.node(ofCPU: CPUSet.current()) }

  /// A permit for each helper, as far as they go: another task, here or in another process, may have taken some.
  private func claimPermits(_ nodes: [Int?], _ decision: inout ThreadDecision) -> HelperPermits {
    var permits = HelperPermits(capacity: nodes.count)
    if !nodes.isEmpty { budget.refresh() }
    var within = 0
    for node in nodes {
      guard let permit = budget.permit(on: node, beyondLimit: isExplicit) else { break }
      if permit.isWithinLimit { within += 1 }
      permits.append(permit)
    }
    if permits.count < nodes.count { decision.lower(by: Bound(.helperLimit, permits.count + 1)) }
    if within < permits.count { decision.exceed(Bound(.helperLimit, within + 1)) }
    return permits
  }

  private var isExplicit: Bool {
    if case .exactly = threads { return true }
    return false
  }
}
