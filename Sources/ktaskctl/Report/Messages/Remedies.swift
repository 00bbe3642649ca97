import LinuxSystem

/// Remedies that work for whoever reads them: what a shell can do itself, else what can be asked of whoever started it.
extension Surroundings {
  /// What raises a limit by `more`, in the limit's unit; nil: by so much as there is to be had.
  func raising(_ resource: ResourceLimit.Resource, by more: Int? = nil) -> String {
    guard let words = LimitWords(resource) else { return "a higher limit" }
    if unit == nil, let value = reachable(resource, by: more) { return words.command(value) }
    let ways = [unit.map { words.inUnit($0) }, container.map { words.inContainer($0, isRoot) }].compactMap(\.self)
    let others = "as root: \(words.name) in /etc/security/limits.conf for its logins, or \(words.inUnit(.system))"
    let text = ways.isEmpty ? others : ways.joined(separator: ", or ")
    return unit == nil ? text + "; ulimit -\(words.letter) goes no higher here" : text
  }

  /// What the process can raise the limit to by itself, if that is enough.
  private func reachable(_ resource: ResourceLimit.Resource, by more: Int?) -> Reach? {
    if mayRaiseLimits { return .unlimited }
    guard let limit = limits[resource], let soft = limit.soft else { return nil }
    guard let hard = limit.hard else { return .unlimited }
    let (needed, overflow) = soft.addingReportingOverflow(more ?? 1)
    return !overflow && needed <= hard ? .upTo(hard) : nil
  }

  /// A command that only root of the machine itself may give.
  func asRoot(_ command: String) -> String {
    if isRoot && mayAdminister { return command }
    return "\(rightToSettings): \(command)"
  }

  /// A command that changes a pool of huge pages, which are the machine's: a container has none of its own.
  func changingPools(_ command: String) -> String {
    isRoot && isHelpless ? "\(rightToSettings), which cannot change pools: \(command)" : asRoot(command)
  }

  /// More space on a tmpfs: `bytes` in all.
  func enlarging(tmpfs point: String?, to bytes: Int?) -> String {
    let mebibytes = bytes.map { "\($0.pieces(of: 1 << 20))M" } ?? "SIZE"
    let remount = "mount -o remount,size=\(mebibytes) \(point.map(quotedForShell) ?? "on its mount point")"
    if container != nil, point == "/dev/shm" {
      let started = "--shm-size=\(mebibytes.lowercased()) for its container"
      return isRoot && mayAdminister ? "\(remount), or \(started)" : started
    }
    return asRoot(remount)
  }

  /// More memory than a control group allows.
  var moreGroupMemory: String {
    if unit != nil { return "a larger MemoryMax= in its unit" }
    return isHelpless ? "a larger --memory for its container" : "raise the cgroup's memory limit"
  }

  /// More huge pages than a control group allows.
  var moreGroupHugePages: String {
    isHelpless ? "a larger hugetlb limit for its container" : "raise the cgroup's hugetlb limit"
  }

  /// In a container in which even root may not change what the kernel is set to.
  private var isHelpless: Bool { container != nil && !(isRoot && mayAdminister) }

  /// The right to change what the kernel is set to.
  var rightToSettings: String {
    if !isRoot { return container == nil ? "as root" : "as root, outside of the container" }
    return isHelpless ? "outside of the container" : "where /proc/sys and /sys can be written"
  }

  /// Calls that something keeps from the process; `capability`: what they need besides, as `--cap-add` writes it.
  func allowing(_ calls: [String], capability: String? = nil) -> String {
    let list = calls.map { $0 + "(2)" }.joined(separator: " and ")
    if unit != nil { return "SystemCallFilter=\(calls.joined(separator: " ")) in its unit" }
    let profile = "a seccomp profile that allows \(list)"
    if let capability { return "\(container == nil ? "" : "give the container ")CAP_\(capability), or \(profile)" }
    return container == nil ? profile : "--security-opt seccomp=PROFILE for its container: \(profile)"
  }
}

private enum Reach {
  case unlimited
  case upTo(Int)
}

/// What a limit is called by those who set it.
private struct LimitWords {
  /// ulimit's, without the dash.
  let letter: String
  /// In limits.conf and of prlimit; the last part of a unit's setting in capitals.
  let name: String
  /// Whether ulimit counts in 1024 bytes; not at all the same everywhere for files.
  let unit: Int?
  /// Container engines set it.
  let isEngines: Bool

  init?(_ resource: ResourceLimit.Resource) {
    switch resource {
    case .lockedMemory: (letter, name, unit, isEngines) = ("l", "memlock", 1024, true)
    case .fileSize: (letter, name, unit, isEngines) = ("f", "fsize", nil, true)
    case .addressSpace: (letter, name, unit, isEngines) = ("v", "as", 1024, false)
    case .data: (letter, name, unit, isEngines) = ("d", "data", 1024, false)
    case .openFiles: (letter, name, unit, isEngines) = ("n", "nofile", 1, true)
    case .processes: (letter, name, unit, isEngines) = ("u", "nproc", 1, true)
    case .nice: return nil
    }
  }

  /// What the kernel takes at most, as it is set when a machine starts (fs.nr_open); nil: any number.
  private var most: String? { letter == "n" ? "1048576" : nil }

  func command(_ reach: Reach) -> String {
    switch (reach, unit) {
    case (.unlimited, _): "ulimit -\(letter) \(most ?? "unlimited")"
    case (.upTo(let hard), let unit?): "ulimit -\(letter) \(hard / unit)"
    // sh counts in 512 bytes, bash in 1024
    case (.upTo(let hard), nil): "prlimit --pid $$ --\(name)=\(hard)"
    }
  }

  func inUnit(_ kind: Surroundings.Unit) -> String {
    let setting = "Limit\(name.uppercased())=infinity in "
    return setting + (kind == .system ? "its unit" : "user@.service, whose units have no more")
  }

  /// Beyond the limit for locked memory root goes by a capability, but not that of users of the container's own.
  func inContainer(_ container: Surroundings.Container, _ isRoot: Bool) -> String {
    if !isEngines { return "a higher limit where its container is started" }
    let limit = "--ulimit \(name)=\(most ?? "-1")"
    if letter != "l" { return limit + " for its container" }
    switch (container, isRoot) {
    case (.ordinary, true): return limit + " or --cap-add IPC_LOCK for its container"
    case (.ordinary, false): return limit + " for its container, or --cap-add IPC_LOCK and root in it"
    case (.ownUsers, _): return limit + " for its container, or --cap-add IPC_LOCK without a user namespace of its own"
    }
  }
}
