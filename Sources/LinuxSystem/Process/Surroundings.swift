internal import Glibc

/// Where a process finds itself, as far as that says what would help it: whose limits hold, and who may change them.
public struct Surroundings: Sendable, Equatable {
  /// Signs of a container.
  public enum Container: Sendable, Equatable {
    case ordinary
    /// Its users are its own: its root is nobody special outside, whatever it may do inside.
    case ownUsers
  }

  /// Whose service the process is.
  public enum Unit: Sendable, Equatable {
    case system
    /// Of a user's own service manager, which can give no more than it has.
    case user
  }

  /// nil: nothing looks like one.
  public var container: Container?
  /// nil: not a service, or one with a terminal, that is, somebody's shell.
  public var unit: Unit?
  /// By its effective user.
  public var isRoot: Bool
  /// May raise hard limits (CAP_SYS_RESOURCE).
  public var mayRaiseLimits: Bool
  /// May mount, and write the kernel's settings under /proc/sys and /sys.
  public var mayAdminister: Bool
  /// Those that could be read.
  public var limits: [ResourceLimit.Resource: ResourceLimit]

  public init(
    container: Container? = nil, unit: Unit? = nil, isRoot: Bool, mayRaiseLimits: Bool, mayAdminister: Bool,
    limits: [ResourceLimit.Resource: ResourceLimit] = [:]
  ) {
    self.container = container
    self.unit = unit
    self.isRoot = isRoot
    self.mayRaiseLimits = mayRaiseLimits
    self.mayAdminister = mayAdminister
    self.limits = limits
  }

  /// What holds for this process now.
  public static func current() -> Surroundings {
    let files = SystemFiles()
    let isRoot = geteuid() == 0
    // for remedies: what is not told is no sign of anything
    let mayRaiseLimits = (try? Capability.sysResource.isEffective) == true
    var limits: [ResourceLimit.Resource: ResourceLimit] = [:]
    for resource in ResourceLimit.Resource.allCases { limits[resource] = try? ResourceLimit.of(resource) }
    return Surroundings(
      container: container(
        files, hasOwnUsers: (try? Capability.isInInitialUserNamespace()) == false,
        isBoundRoot: isRoot && !mayRaiseLimits,
        variable: variable("container")),
      unit: isatty(STDERR_FILENO) == 1 ? nil : unit(files, invocation: variable("INVOCATION_ID")),
      isRoot: isRoot, mayRaiseLimits: mayRaiseLimits,
      mayAdminister: (try? Capability.sysAdmin.isEffective) == true && mayWriteSettings(files), limits: limits)
  }

  /// Whether those can be written that a container, or a unit's ProtectKernelTunables=, makes read-only.
  static func mayWriteSettings(_ files: SystemFiles) -> Bool {
    let settings = ["/proc/sys/vm/nr_hugepages", "/sys/kernel/mm/transparent_hugepage/enabled"].filter(files.exists)
    return !settings.isEmpty && settings.allSatisfy(files.mayWrite)
  }

  private static func variable(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}

extension Surroundings {
  /// What tells a container: its users, the marks that engines leave, or a root that has not all of root's rights.
  static func container(
    _ files: SystemFiles, hasOwnUsers: Bool, isBoundRoot: Bool, variable: String?
  ) -> Container? {
    if hasOwnUsers { return .ownUsers }
    let isMarked = files.exists("/.dockerenv") || files.exists("/run/.containerenv")
    let isNamed = !(variable ?? "").isEmpty || files.text("/proc/1/environ").map(namesContainer) ?? false
    let isGrouped = files.text("/proc/1/cgroup").map(isEnginesGroup) ?? false
    return isMarked || isNamed || isGrouped || isBoundRoot ? .ordinary : nil
  }

  /// `container=podman` in an environment as the kernel shows it.
  private static func namesContainer(_ environment: String) -> Bool {
    environment.split(separator: "\0").contains { $0.hasPrefix("container=") && $0.count > "container=".count }
  }

  private static func isEnginesGroup(_ groups: String) -> Bool {
    ["docker", "kubepods", "libpod", "containerd", "crio", "lxc"].contains { groups.contains($0) }
  }

  /// systemd gives each start of a unit an identifier; a user's own units are below its service.
  static func unit(_ files: SystemFiles, invocation: String?) -> Unit? {
    guard let invocation, !invocation.isEmpty else { return nil }
    return files.text("/proc/self/cgroup")?.contains("/user@") == true ? .user : .system
  }
}
