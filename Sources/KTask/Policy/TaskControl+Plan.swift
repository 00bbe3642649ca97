internal import LinuxSystem

// What `run` would do, for a client that prints its plan.

extension TaskControl {
  /// The decision that `run` would make, for a client that prints its plan: what other processes' helpers leave is only
  /// known when it runs. Here as in `chunk(size:threads:)`, bounds below 1, which `run` refuses, count as 1: a plan never
  /// divides by 0.
  public func decide(size: Int) -> ThreadDecision {
    let machine = machineNow(forUnits: size)
    return decide(size: size, machine, machine.callersCPUs(), helpersLeft: budget.leftHere)
  }

  /// The largest chunk that `run` would use for so many threads.
  public func chunk(size: Int, threads: Int) -> Int {
    let alignment = max(1, alignment)
    if !isEnabled { return max(1, size) }
    return Policy.chunk(
      size: size, threads: threads, minimum: max(1, minimumChunk), maximum: maximumChunk, alignment: alignment)
  }

  /// The machine for a task of so many units that begins now. Where there are no helpers anyway, nobody asks what has changed.
  func machineNow(forUnits size: Int) -> Machine {
    machine ?? (isAlone(size) ? MachineWatch.shared.known() : MachineWatch.shared.current())
  }

  /// Whether the client's own words leave the caller alone.
  private func isAlone(_ size: Int) -> Bool {
    if !isEnabled || maximumThreads <= 1 { return true }
    switch threads {
    case .automatic: return size <= minimumChunk
    case .atMost(let count): return count <= 1 || size <= minimumChunk
    case .exactly(let count): return count <= 1
    }
  }

  func decide(
    size: Int, _ machine: Machine, _ callers: (cpus: CPUSet, bound: Bound.What), helpersLeft: Int
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
