internal import LinuxSystem

/// The budget of a machine whose CPUs come and go: another one as soon as they are others. Tasks keep the one that they began
/// with, whose places among all processes are the same.
final class MachineBudget: Sendable {
  static var shared: MachineBudget { OnlyObject.budget.get { MachineBudget() } }

  private struct State {
    var cpus = CPUSet()
    var budget: HelperBudget?
  }
  private let state = Guarded(State())
  private let directory: String

  init(directory: String = SharedPlaces.directory) { self.directory = directory }

  func budget(for topology: Topology) -> HelperBudget {
    let cpus = topology.onlineCPUs
    let known = state.withLock { $0.cpus == cpus ? $0.budget : nil }
    if let known { return known }
    let made = HelperBudget(topology, maximumHelpers: nil, directory: directory)
    return state.withLock { state in
      // unless another thread was faster
      if state.cpus == cpus, let budget = state.budget { return budget }
      state = State(cpus: cpus, budget: made)
      return made
    }
  }
}
