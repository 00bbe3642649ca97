import KTask
import LinuxSystem
import TestSupport
import Testing

/// From what the kernel's files say to the threads of a task.
@Suite("A machine's bounds")
struct MachineBoundTests {
  private static let cpu = "/sys/devices/system/cpu/cpu"

  /// Sixteen CPUs, and what files say of two of them.
  private func machine(governor: String, driver: String, preference: String? = nil) throws -> Machine {
    var files = [
      Self.cpu + "0/cpufreq/scaling_governor": "performance\n", Self.cpu + "0/cpufreq/scaling_driver": driver + "\n",
      Self.cpu + "3/cpufreq/scaling_governor": governor + "\n", Self.cpu + "3/cpufreq/scaling_driver": driver + "\n",
      "/sys/kernel/notes": "", "/sys/devices/system/cpu/online": "0-15\n",
    ]
    files[Self.cpu + "3/cpufreq/energy_performance_preference"] = preference
    let tree = try FileTree(files)
    var machine = Machine.current(tree.files)
    machine.topology = Machine.sixteen.topology
    machine.allowedCPUs = machine.topology.onlineCPUs
    return machine
  }

  @Test(
    "are one thread while a CPU is set to save energy, unless that is to be ignored",
    arguments: [
      ("powersave", "acpi-cpufreq", nil, "CPU 3: governor powersave"),
      ("powersave", "intel_pstate", "power", "CPU 3: energy_performance_preference power"),
    ] as [(String, String, String?, String)])
  func savesEnergy(governor: String, driver: String, preference: String?, said: String) throws {
    var control = TaskControl.madeUp(machine: try machine(governor: governor, driver: driver, preference: preference))
    #expect(control.machine?.savesEnergy == said)
    #expect(control.decide(size: 1000).threads == 1)
    let alone = try control.run(RecordedWork(), start: 0, size: 1000)
    #expect(alone.threads.count == 1 && alone.bounds.contains(Bound(.powerPolicy, 1)))
    control.threads = .exactly(5)
    let asked = try control.run(RecordedWork(), start: 0, size: 1000)
    #expect(asked.threads.count == 5 && asked.exceededBounds == [Bound(.powerPolicy, 1)])
    control.threads = .automatic
    control.ignoresPowerPolicy = true
    let all = try control.run(RecordedWork(), start: 0, size: 1000)
    #expect(all.threads.count == 16 && !all.bounds.contains { $0.what == .powerPolicy })
  }

  @Test("are no fewer threads where no CPU saves energy")
  func savesNone() throws {
    let control = TaskControl.madeUp(machine: try machine(governor: "powersave", driver: "intel_pstate"))
    #expect(control.machine?.savesEnergy == nil)
    #expect(control.decide(size: 1000).threads == 16)
  }

  @Test(
    "are the cores that the caller's CPUs are threads of, which a request may pass",
    arguments: [("0-15", 8), ("0-7", 8), ("0-3,8-11", 4), ("5", 1), ("5,13", 1)])
  func physicalCores(allowed: String, cores: Int) throws {
    // CPU 8 is the other thread of CPU 0's core, and so on
    let topology = Topology(
      nodes: [.init(number: 0, cpus: CPUSet(0..<16), memoryBytes: 1 << 30)], distances: [[10]],
      onlineCPUs: CPUSet(0..<16), cores: (0..<8).map { CPUSet([$0, $0 + 8]) })
    let cpus = try #require(CPUSet(list: allowed))
    var control = TaskControl.madeUp(machine: Machine(topology: topology, allowedCPUs: cpus))
    let outcome = try control.run(RecordedWork(), start: 0, size: 1000)
    #expect(outcome.threads.count == cores)
    #expect(outcome.bounds.contains(Bound(.physicalCores, cores)))
    control.threads = .exactly(16)
    let asked = control.decide(size: 1000)
    #expect(asked.threads == cpus.count)
    #expect(asked.exceeded == (cores < cpus.count ? [Bound(.physicalCores, cores)] : []))
  }

  @Test("are the CPUs of the cgroup's cpuset, which no request passes", arguments: [1, 5, 16])
  func cpuset(cpus: Int) throws {
    var control = TaskControl.madeUp(machine: .sixteen)
    control.machine?.cpuset = CPUSet(0..<cpus)
    let outcome = try control.run(RecordedWork(), start: 0, size: 1000)
    #expect(outcome.threads.count == cpus && outcome.bounds.contains(Bound(.cpuset, cpus)))
    control.threads = .exactly(16)
    #expect(control.decide(size: 1000).threads == cpus)
  }
}
