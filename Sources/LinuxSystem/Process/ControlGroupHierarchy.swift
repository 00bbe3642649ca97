/// The cgroups that this process is in for the sake of one controller, from its own up to the mount's root.
struct ControlGroupHierarchy: Sendable, Equatable {
  enum Version { case v1, v2 }

  let version: Version
  /// The groups' directories, the process's own first.
  let directories: [String]

  /// Whether there may be groups above the last of them, which a container does not see.
  let isCut: Bool

  /// Where `controller` is: in a version 1 hierarchy of its own, else in version 2's. nil: nothing can limit the process.
  static func of(
    _ controller: Substring, in listing: ControlGroupListing, _ files: SystemFiles
  ) -> Fact<ControlGroupHierarchy?> {
    do throws(Unreadable) {
      return .success(try find(controller, listing, files))
    } catch {
      return .failure(error)
    }
  }

  private static func find(
    _ controller: Substring, _ listing: ControlGroupListing, _ files: SystemFiles
  ) throws(Unreadable) -> ControlGroupHierarchy? {
    // a kernel without control groups
    guard let groups = try listing.memberships.get() else { return nil }
    if let group = groups.first(where: { $0.controllers.contains(controller) }) {
      return try mounted(.v1, controller, group.path, listing, files)
    }
    if let group = groups.first(where: { $0.controllers.isEmpty }) {
      return try mounted(.v2, controller, group.path, listing, files)
    }
    return nil
  }

  /// A container may see a path that lies outside of what is mounted there: then it is in the mount's root, unless that is
  /// the root of all groups, whose path would not lie outside.
  private static func mounted(
    _ version: Version, _ controller: Substring, _ path: String?, _ listing: ControlGroupListing, _ files: SystemFiles
  ) throws(Unreadable) -> ControlGroupHierarchy? {
    guard let path else { throw Unreadable("the control group for \(controller), whose name is not UTF-8,", .isHidden) }
    let mounts = try listing.mounts.get().filter { $0.shows(version, controller) }
    guard let first = mounts.first else {
      if path == "/" && isInMachinesNamespace(files) { return nil }
      throw Unreadable("the control group for \(controller), which is not mounted,", .isHidden)
    }
    for mount in mounts {
      if let directories = mount.directories(of: path, files) { return .init(version, directories, files) }
    }
    if !isGroup(first.path, files) || isRoot(first.path, version, files) {
      throw Unreadable("the control group for \(controller)", .isHidden)
    }
    return .init(version, [first.path], files)
  }

  /// By the fixed inode number of /proc/self/ns/cgroup (PROC_CGROUP_INIT_INO): `/` is the root of all groups there.
  private static func isInMachinesNamespace(_ files: SystemFiles) -> Bool {
    files.inode("/proc/self/ns/cgroup") == 0xEFFF_FFFB
  }

  private init(_ version: Version, _ directories: [String], _ files: SystemFiles) {
    self.version = version
    self.directories = directories
    isCut = directories.last.map { !Self.isRoot($0, version, files) } ?? false
  }

  /// Every group has this file; an empty directory that covers one has not.
  fileprivate static func isGroup(_ directory: String, _ files: SystemFiles) -> Bool {
    files.exists(directory + "/cgroup.procs")
  }

  /// The root of all groups has a file that no other one has in version 1, and lacks one that every other one has in
  /// version 2.
  private static func isRoot(_ directory: String, _ version: Version, _ files: SystemFiles) -> Bool {
    switch version {
    case .v1: files.exists(directory + "/release_agent")
    case .v2: !files.exists(directory + "/cgroup.type")
    }
  }

  /// What may limit the process besides the groups that it sees; nil: nothing.
  var hidden: Unreadable? {
    guard isCut, let top = directories.last else { return nil }
    return Unreadable("what is above cgroup \(top)", .isHidden)
  }
}

/// The process's groups and where groups are mounted: read once for all controllers, since a container's list of mounts is long.
struct ControlGroupListing {
  /// nil: a kernel without control groups.
  fileprivate let memberships: Fact<[Membership]?>
  fileprivate let mounts: Fact<[FileSystemMount]>

  init(_ files: SystemFiles) {
    memberships = Self.fact { () throws(Unreadable) in
      guard let bytes = try files.all("/proc/self/cgroup") else { return nil }
      let groups = String(decoding: bytes, as: UTF8.self).split(at: UInt8(ascii: "\n")).compactMap(Membership.init)
      if groups.isEmpty { throw Unreadable("/proc/self/cgroup", .isUnclear) }
      return groups
    }
    mounts = Self.fact { () throws(Unreadable) in
      try FileSystemMount.all(files).filter { $0.kind == "cgroup" || $0.kind == "cgroup2" }
    }
  }

  private static func fact<Value>(_ ask: () throws(Unreadable) -> Value) -> Fact<Value> {
    do throws(Unreadable) {
      return .success(try ask())
    } catch {
      return .failure(error)
    }
  }
}

/// A line of /proc/self/cgroup, `4:cpu,cpuacct:/path`; version 2 names no controllers.
private struct Membership {
  let controllers: [Substring]
  /// nil: no text. Names are bytes, and a mark in place of one of them is another group's name.
  let path: String?

  init?(_ line: Substring) {
    let fields = line.split(at: UInt8(ascii: ":"), keepingEmpty: true)
    guard fields.count >= 3 else { return nil }
    controllers = fields[1].split(at: UInt8(ascii: ","))
    let path = line[fields[2].startIndex...]
    self.path = path.unicodeScalars.contains("\u{FFFD}") ? nil : String(path)
  }
}

/// A mounted hierarchy: its root is the cgroup that is seen at its path; among its options are version 1's controllers.
extension FileSystemMount {
  fileprivate func shows(_ version: ControlGroupHierarchy.Version, _ controller: Substring) -> Bool {
    switch version {
    case .v1: kind == "cgroup" && options.contains(String(controller))
    case .v2: kind == "cgroup2"
    }
  }

  /// The directories of the cgroup at `path` and of those above it; nil if this mount does not show it.
  fileprivate func directories(of path: String, _ files: SystemFiles) -> [String]? {
    guard let names = names(of: path), !names.contains("..") else { return nil }
    let directories = (0...names.count).reversed().map { depth in
      ([Substring(self.path)] + names.prefix(depth)).joined(separator: "/")
    }
    return ControlGroupHierarchy.isGroup(directories[0], files) ? directories : nil
  }

  /// The names on the way from the mount's root down to `path`.
  private func names(of path: String) -> ArraySlice<Substring>? {
    let (names, above) = (components(of: path), components(of: root))
    return names.starts(with: above) { isSameName(String($0), String($1)) } ? names.dropFirst(above.count) : nil
  }
}
