import KTask
import LinuxSystem

// Machines larger than the one that the tests run on: threads need not have CPUs of their own to be threads.

extension Topology {
  /// Nodes 0, 1, 2 … of these CPUs; a node is 10 farther from the next than from itself, 20 from the one after it.
  static func madeUp(_ nodes: [CPUSet]) -> Topology {
    let numbers = nodes.indices
    return Topology(
      nodes: numbers.map { Node(number: $0, cpus: nodes[$0], memoryBytes: 1 << 30) },
      distances: numbers.map { from in numbers.map { 10 + 10 * abs(from - $0) } },
      onlineCPUs: nodes.reduce(CPUSet()) { $0.union($1) }, cores: nodes.flatMap { $0.map { CPUSet([$0]) } })
  }
}

extension Machine {
  /// A machine whose CPUs the caller may use all.
  static func madeUp(_ nodes: [CPUSet]) -> Machine {
    let topology = Topology.madeUp(nodes)
    return Machine(topology: topology, allowedCPUs: topology.onlineCPUs)
  }

  /// Sixteen CPUs on three nodes.
  static let sixteen = madeUp([CPUSet(0..<6), CPUSet(6..<11), CPUSet(11..<16)])
}

extension HelperBudget {
  /// As many helpers as `Machine.sixteen` has CPUs.
  static func sixteen() -> HelperBudget { HelperBudget(limit: 16, nodeLimits: [0: 6, 1: 5, 2: 5]) }
}

extension TaskControl {
  /// A control object for `Machine.sixteen` that shares no budget with other tests, and whose chunks are R2's, whatever
  /// the clock says.
  static func madeUp(
    minimumChunk: Int = 1, threads: Threads = .automatic, machine: Machine = .sixteen,
    budget: HelperBudget = .sixteen()
  ) -> TaskControl {
    var control = TaskControl(minimumChunk: minimumChunk)
    control.threads = threads
    control.machine = machine
    control.budget = budget
    control.chunkTime = nil
    return control
  }
}
