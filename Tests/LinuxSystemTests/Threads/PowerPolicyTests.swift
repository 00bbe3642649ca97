import LinuxSystem
import TestSupport
import Testing

@Suite("The power policy")
struct PowerPolicyTests {
  @Test(
    "saves energy by the governor, or by the preference where the CPU chooses its speed itself",
    arguments: [
      ("powersave", "acpi-cpufreq", nil, "governor powersave"),
      ("conservative", "intel_cpufreq", nil, "governor conservative"),
      ("powersave", "amd-pstate", "performance", "governor powersave"),
      ("performance", "acpi-cpufreq", nil, nil),
      ("schedutil", "amd-pstate", nil, nil),
      ("ondemand", "acpi-cpufreq", nil, nil),
      ("powersave", "intel_pstate", nil, nil),
      ("powersave", "intel_pstate", "balance_performance", nil),
      ("powersave", "intel_pstate", "balance_power", "energy_performance_preference balance_power"),
      ("powersave", "amd-pstate-epp", "power", "energy_performance_preference power"),
      ("powersave", "amd-pstate-epp", "default", nil),
      ("powersave", "intel_pstate", "64", nil),
      ("powersave", "intel_pstate", "200", "energy_performance_preference 200"),
    ])
  func rule(governor: String, driver: String, preference: String?, reason: String?) {
    let processor = PowerPolicy.Processor(
      cpu: 3, governor: governor, driver: driver, energyPreference: preference)
    let found = PowerPolicy(processors: [processor]).energyConscious
    #expect(found?.reason == reason)
    #expect(found?.cpu == (reason == nil ? nil : 3))
  }

  @Test("is told as it is set, each setting once, and with what counts where the CPU chooses its speed itself")
  func settings() {
    let all: [(governor: String, driver: String, preference: String?)] = [
      ("schedutil", "acpi-cpufreq", nil), ("userspace", "acpi-cpufreq", nil), ("schedutil", "acpi-cpufreq", nil),
      ("powersave", "intel_pstate", "balance_performance"), ("powersave", "intel_pstate", nil),
    ]
    let processors = all.enumerated().map { cpu, set in
      PowerPolicy.Processor(cpu: cpu, governor: set.governor, driver: set.driver, energyPreference: set.preference)
    }
    #expect(
      PowerPolicy(processors: processors).settings == [
        "schedutil", "userspace", "powersave of intel_pstate, energy_performance_preference balance_performance",
        "powersave of intel_pstate",
      ])
    #expect(PowerPolicy(processors: []).settings.isEmpty)
  }

  @Test("is read of every CPU that is online, in ascending order")
  func reading() throws {
    let cpus = "/sys/devices/system/cpu/cpu"
    let tree = try FileTree([
      cpus + "10/cpufreq/scaling_governor": "powersave\n",
      cpus + "10/cpufreq/scaling_driver": "intel_pstate\n",
      cpus + "10/cpufreq/energy_performance_preference": "power\n",
      cpus + "9/cpufreq/scaling_governor": "performance\n",
      cpus + "9/cpufreq/scaling_driver": "intel_pstate\n",
      cpus + "0/topology/core_id": "0\n", "/sys/kernel/notes": "",
      cpus + "freq/policy0/scaling_governor": "powersave\n", "/sys/devices/system/cpu/online": "0,9-10\n",
    ])
    // one that is switched off, whose setting cannot be read
    try tree.write(cpus + "11/cpufreq/scaling_governor/unreadable", "")
    let policy = try PowerPolicy.current(tree.files)
    #expect(policy.processors.map(\.cpu) == [9, 10])
    #expect(policy.energyConscious?.cpu == 10)
  }

  @Test("of a machine without any saves nothing")
  func absent() {
    #expect(PowerPolicy(processors: []).energyConscious == nil)
  }
}
