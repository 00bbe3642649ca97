/// The cgroups that this process is in for the sake of one controller, from its own up to the mount's root.
struct ControlGroupHierarchy: Sendable, Equatable {
  enum Version { case v1, v2 }

  let version: Version
  /// The groups' directories, the process's own first.
  let directories: [String]

  /// Where `controller` is: in a version 1 hierarchy of its own, else in version 2's. Nil if neither is mounted.
  init?(controller: Substring, _ files: SystemFiles) {
    let groups = (files.text("/proc/self/cgroup") ?? "").split(separator: "\n").compactMap(Membership.init)
    let mounts = (files.text("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap(Mount.init)
    if let group = groups.first(where: { $0.controllers.contains(controller) }) {
      let mounts = mounts.filter { $0.type == "cgroup" && $0.options.contains(controller) }
      self.init(version: .v1, group.path, mounts, files)
    } else if let group = groups.first(where: { $0.controllers.isEmpty }) {
      self.init(version: .v2, group.path, mounts.filter { $0.type == "cgroup2" }, files)
    } else {
      return nil
    }
  }

  /// A container may see a path that lies outside of what is mounted there: then it is in the mount's root.
  private init?(version: Version, _ path: String, _ mounts: [Mount], _ files: SystemFiles) {
    guard let first = mounts.first else { return nil }
    let visible = mounts.lazy.compactMap { $0.directories(of: path, files) }.first
    self.version = version
    self.directories = visible ?? [first.point]
  }
}

/// A line of /proc/self/cgroup, `4:cpu,cpuacct:/path`; version 2 names no controllers.
private struct Membership {
  let controllers: [Substring]
  let path: String

  init?(_ line: Substring) {
    let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3 else { return nil }
    controllers = fields[1].split(separator: ",")
    path = String(fields[2])
  }
}

/// What a line of /proc/self/mountinfo says of a mounted hierarchy (proc_pid_mountinfo(5)).
private struct Mount {
  /// The cgroup that is seen at the mount point.
  let root: String
  let point: String
  let type: Substring
  /// Among others, version 1's controllers.
  let options: [Substring]

  init?(_ line: Substring) {
    let fields = line.split(separator: " ")
    guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { return nil }
    root = Self.unescaped(fields[3])
    point = Self.unescaped(fields[4])
    type = fields[dash + 1]
    options = fields[dash + 3].split(separator: ",")
  }

  /// The directories of the cgroup at `path` and of those above it; nil if this mount does not show it.
  func directories(of path: String, _ files: SystemFiles) -> [String]? {
    guard let names = names(of: path), !names.contains("..") else { return nil }
    let directories = (0...names.count).reversed().map { depth in
      ([Substring(point)] + names.prefix(depth)).joined(separator: "/")
    }
    return files.exists(directories[0]) ? directories : nil
  }

  /// The names on the way from the mount's root down to `path`.
  private func names(of path: String) -> ArraySlice<Substring>? {
    let names = path.split(separator: "/")
    let above = root.split(separator: "/")
    return names.starts(with: above) ? names.dropFirst(above.count) : nil
  }

  /// Without the kernel's escapes: `\040` is a space.
  private static func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"),
        let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        rest = rest.dropFirst(3)
        bytes.append(code)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
