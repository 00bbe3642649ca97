/// How the CPUs' speed is chosen (/sys/devices/system/cpu/cpu*/cpufreq).
public struct PowerPolicy: Sendable, Equatable {
  /// One CPU's setting.
  public struct Processor: Sendable, Equatable {
    public let cpu: Int
    /// `scaling_governor`.
    public let governor: String
    /// `scaling_driver`.
    public let driver: String
    /// `energy_performance_preference`: a name, or a number from 0 (fast) to 255 (frugal). Few drivers have it.
    public let energyPreference: String?

    public init(cpu: Int, governor: String, driver: String, energyPreference: String?) {
      self.cpu = cpu
      self.governor = governor
      self.driver = driver
      self.energyPreference = energyPreference
    }
  }

  /// The CPUs whose speed can be chosen, in ascending order; none on most virtual machines.
  public let processors: [Processor]

  public init(processors: [Processor]) { self.processors = processors }

  /// What is set, each once, in the order of the CPUs; none where the speed of no CPU can be chosen.
  public var settings: [String] {
    var settings: [String] = []
    for setting in processors.map({ $0.setting }) where !settings.contains(setting) { settings.append(setting) }
    return settings
  }

  /// The first CPU that is set to save energy rather than to be fast, and the setting that says so.
  public var energyConscious: (cpu: Int, reason: String)? {
    for processor in processors {
      if let reason = processor.energyConscious { return (processor.cpu, reason) }
    }
    return nil
  }

  /// The setting now.
  public static func current(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> PowerPolicy {
    var processors: [Processor] = []
    // of one that is switched off the kernel tells nothing
    for cpu in try Topology.onlineCPUs(files) {
      if let processor = try Processor(cpu: cpu, files) { processors.append(processor) }
    }
    return PowerPolicy(processors: processors)
  }
}

extension PowerPolicy.Processor {
  /// Drivers that leave the speed to the CPU: `powersave` is their usual governor and saves nothing; what
  /// counts is the preference they hand to the CPU.
  private static var autonomousDrivers: [String] { ["intel_pstate", "amd-pstate-epp", "amd_pstate_epp"] }

  private var isAutonomous: Bool { Self.autonomousDrivers.contains(driver) }

  /// The governor, and what else counts.
  fileprivate var setting: String {
    if !isAutonomous { return governor }
    return "\(governor) of \(driver)" + (energyPreference.map { ", energy_performance_preference \($0)" } ?? "")
  }

  /// The setting that saves energy; nil if none does.
  fileprivate var energyConscious: String? {
    if isAutonomous {
      guard let energyPreference, Self.isFrugal(energyPreference) else { return nil }
      return "energy_performance_preference \(energyPreference)"
    }
    return ["powersave", "conservative"].contains(governor) ? "governor \(governor)" : nil
  }

  /// AMD's `balance_power` is 191, Intel's 192.
  private static func isFrugal(_ preference: String) -> Bool {
    if let number = Int(preference) { return number >= 191 }
    return ["power", "balance_power"].contains(preference)
  }

  /// The setting of `cpu`; nil if its speed cannot be chosen.
  fileprivate init?(cpu: Int, _ files: SystemFiles) throws(Unreadable) {
    let directory = "/sys/devices/system/cpu/cpu\(cpu)/cpufreq"
    guard let governor = try files.read(directory + "/scaling_governor") else { return nil }
    if governor.isEmpty { throw Unreadable(directory + "/scaling_governor", .isUnclear) }
    self.init(
      cpu: cpu, governor: governor, driver: try files.read(directory + "/scaling_driver") ?? "",
      energyPreference: try files.read(directory + "/energy_performance_preference"))
  }
}
