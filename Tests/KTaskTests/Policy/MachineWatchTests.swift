import LinuxSystem
import Synchronization
import TestSupport
import Testing

@testable import KTask

/// A machine of files, and a clock that the test moves.
private final class MadeUpMachine: Sendable {
  let tree: FileTree
  let watch: MachineWatch
  private let seconds: Seconds
  private static let cpus = "/sys/devices/system/cpu"

  /// What a closure that outlives the initialiser reads.
  private final class Seconds: Sendable { let count = Atomic<Int>(0) }

  init() throws {
    tree = try FileTree([
      "/sys/kernel/notes": "", "/proc/self/cgroup": "0::/g\n",
      "/proc/self/mountinfo": "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n", "/proc/meminfo": "MemTotal: 1024 kB\n",
      "/sys/devices/system/node/online": "0\n", "/cg/g/cgroup.procs": "",
    ])
    let seconds = Seconds()
    self.seconds = seconds
    watch = MachineWatch(tree.files) { UInt64(seconds.count.load(ordering: .relaxed)) * 1_000_000_000 }
    try set(quota: "150000 100000", cpuset: "0-3", online: "0-3")
  }

  func set(quota: String, cpuset: String, online: String) throws {
    try tree.write("/cg/g/cpu.max", quota + "\n")
    try tree.write("/cg/g/cpuset.cpus.effective", cpuset + "\n")
    try tree.write(Self.cpus + "/online", online + "\n")
    let all = CPUSet(list: online) ?? CPUSet()
    for cpu in all { try tree.write("\(Self.cpus)/cpu\(cpu)/topology/core_cpus_list", "\(cpu)\n") }
    try tree.write("/sys/devices/system/node/node0/cpulist", online + "\n")
  }

  func setGovernor(_ governor: String) throws {
    try tree.write(Self.cpus + "/cpu0/cpufreq/scaling_governor", governor + "\n")
  }

  func pass(seconds count: Int) { seconds.count.add(count, ordering: .relaxed) }
}

@Suite("A machine that changes")
struct MachineWatchTests {
  @Test("is asked again when a second has passed, and no sooner")
  func quota() throws {
    let made = try MadeUpMachine()
    #expect(made.watch.current().cpuQuota == 1.5)
    #expect(made.watch.current().cpuset == nil)
    try made.set(quota: "max 100000", cpuset: "1-2", online: "0-3")
    #expect(made.watch.current().cpuQuota == 1.5)
    made.pass(seconds: 1)
    // who has no helpers anyway does not ask
    #expect(made.watch.known().cpuQuota == 1.5)
    #expect(made.watch.current().cpuQuota == nil)
    #expect(made.watch.current().cpuset == CPUSet(1...2))
    #expect(made.watch.known().cpuset == CPUSet(1...2))
  }

  @Test("is known with its new CPUs and cores when some are switched on or off")
  func online() throws {
    let made = try MadeUpMachine()
    #expect(made.watch.current().topology.cores.count == 4)
    try made.set(quota: "max 100000", cpuset: "0-5", online: "0-5")
    made.pass(seconds: 1)
    let larger = made.watch.current().topology
    #expect(larger.onlineCPUs == CPUSet(0..<6) && larger.cores.count == 6 && larger.nodes[0].cpus.count == 6)
    try made.set(quota: "max 100000", cpuset: "0", online: "0")
    made.pass(seconds: 1)
    #expect(made.watch.current().topology.onlineCPUs == CPUSet([0]))
  }

  @Test("has a budget of its CPUs' helpers, which is the same until they are others")
  func budget() throws {
    let made = try MadeUpMachine()
    let budgets = MachineBudget(directory: made.tree.root + "/run")
    let first = budgets.budget(for: made.watch.current().topology)
    #expect(first.limit == 3)
    try made.set(quota: "max 100000", cpuset: "0-3", online: "0-3")
    made.pass(seconds: 1)
    #expect(budgets.budget(for: made.watch.current().topology) === first)
    try made.set(quota: "max 100000", cpuset: "0-9", online: "0-9")
    made.pass(seconds: 1)
    let second = budgets.budget(for: made.watch.current().topology)
    #expect(second !== first && second.limit == 8)
    #expect(budgets.budget(for: made.watch.current().topology) === second)
  }

  @Test("is asked for all that there is when a minute has passed")
  func powerPolicy() throws {
    let made = try MadeUpMachine()
    #expect(made.watch.current().savesEnergy == nil)
    try made.setGovernor("powersave")
    made.pass(seconds: 59)
    #expect(made.watch.current().savesEnergy == nil)
    made.pass(seconds: 1)
    #expect(made.watch.current().savesEnergy == "CPU 0: governor powersave")
  }

  @Test("names what it does not tell once, however often it is asked")
  func unknown() throws {
    let made = try MadeUpMachine()
    try made.set(quota: "rubbish", cpuset: "0-3", online: "0-3")
    for _ in 0..<5 {
      #expect(made.watch.current().unknownBounds.map(\.what) == [.cpuQuota])
      made.pass(seconds: 1)
    }
    try made.set(quota: "200000 100000", cpuset: "0-3", online: "0-3")
    #expect(made.watch.current().unknownBounds.isEmpty)
    #expect(made.watch.current().cpuQuota == 2)
  }
}
