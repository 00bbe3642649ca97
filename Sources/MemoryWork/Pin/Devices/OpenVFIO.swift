internal import LinuxSystem

/// From the numbers of VFIO's groups to containers that can map: what must hold is found out on the way.
extension DeviceSpaces {
  /// A container, the groups in it, and what attaches them to it where being in it does not.
  private struct Member: Sendable {
    let container: Owned<VFIOContainer>
    let groups: [Owned<VFIOGroup>]
    let attached: [Owned<FileDescriptor>]
  }

  /// Each list of groups shares a container.
  static func vfio(_ containers: [[Int]]) throws(MemoryError) -> DeviceSpaces {
    var members: [Member] = []
    var addressSpaces: [DeviceAddressSpace] = []
    for groups in containers {
      let member = try open(groups)
      members.append(member)
      addressSpaces.append(
        try attempting(.inspect, VFIOContainer.path) { () throws(Errno) in
          try member.container.value.addressSpace()
        })
    }
    let groups = members.flatMap(\.groups)
    return DeviceSpaces(
      members.map { MappedSpace(kind: .vfio, descriptor: $0.container.value.number) }, addressSpaces,
      isPinning: true, threads: members.contains { $0.container.value.isIOMMUFD } ? .max : members.count,
      path: path(containers[0][0]),
      owners: members.flatMap(\.attached) + groups + members.map(\.container))
  }

  private static func path(_ group: Int) -> String { "/dev/vfio/\(group)" }

  private static func numbers(_ path: String) throws(MemoryError) -> [Int] {
    try requiring(path) { () throws(Unreadable) in try IOMMUGroup.numbers() }
  }

  /// nil: there is no such group.
  static func facts(_ group: Int, _ path: String) throws(MemoryError) -> IOMMUGroup? {
    try requiring(path) { () throws(Unreadable) in try IOMMUGroup.of(group) }
  }

  private static func open(_ groups: [Int]) throws(MemoryError) -> Member {
    if try numbers(path(groups[0])).isEmpty { throw MemoryError(.noPin(.noIOMMU), path: path(groups[0])) }
    let container = try opening(VFIOContainer.path, of: "vfio-pci") { () throws(Errno) in
      Owned(try VFIOContainer.open())
    }
    var opened: [Owned<VFIOGroup>] = []
    for number in groups {
      let group = try openGroup(number)
      try attempting(.open, path(number)) { () throws(Errno) in try group.value.join(container.value) }
      opened.append(group)
    }
    do throws(Errno) {
      try container.value.setIOMMU()
    } catch {
      let module = "vfio_iommu_type1"
      if error == .permission {
        throw MemoryError(.noPin(.noInterruptRemapping(module: module)), path: path(groups[0]))
      }
      throw MemoryError(.failed(.open, error), path: VFIOContainer.path)
    }
    var attached: [Owned<FileDescriptor>] = []
    if container.value.isIOMMUFD {
      for (number, group) in zip(groups, opened) { attached.append(try attach(group, number)) }
    }
    return Member(container: container, groups: opened, attached: attached)
  }

  /// One device is as good as all: the IOMMU cannot tell a group's apart.
  private static func attach(_ group: Owned<VFIOGroup>, _ number: Int) throws(MemoryError) -> Owned<FileDescriptor> {
    let devices = try facts(number, path(number))?.devices ?? []
    guard let device = devices.first(where: { $0.driver == "vfio-pci" }) else {
      throw MemoryError(.noPin(.notBound(devices)), path: path(number))
    }
    return try attach(device.address, of: group, path: path(number))
  }

  /// Opens a device of a group that is in an iommufd, and so attaches the group to it.
  static func attach(
    _ device: String, of group: Owned<VFIOGroup>, path: String
  ) throws(MemoryError) -> Owned<FileDescriptor> {
    do throws(Errno) {
      return Owned(try group.value.device(device))
    } catch {
      if error == .permission { throw MemoryError(.noPin(.noInterruptRemapping(module: "iommufd")), path: path) }
      throw MemoryError(.failed(.open, error), path: path)
    }
  }

  /// A group that is there, nobody's, and viable.
  static func openGroup(_ number: Int) throws(MemoryError) -> Owned<VFIOGroup> {
    guard let facts = try facts(number, path(number)) else {
      throw MemoryError(.noPin(.noGroup(of: try numbers(path(number)))), path: path(number))
    }
    let group: Owned<VFIOGroup>
    do throws(Errno) {
      group = Owned(try VFIOGroup.open(number))
    } catch {
      throw MemoryError(refusal(error, facts).map { .noPin($0) } ?? .failed(.open, error), path: path(number))
    }
    let isViable = try attempting(.inspect, path(number)) { () throws(Errno) in try group.value.isViable() }
    if !isViable { throw MemoryError(.noPin(.notViable(facts.devices)), path: path(number)) }
    return group
  }

  private static func refusal(_ error: Errno, _ group: IOMMUGroup) -> PinRefusal? {
    switch error {
    case .noEntry: .notBound(group.devices)
    case .busy: .openElsewhere
    default: nil
    }
  }
}

/// Opens one of the drivers' own devices; without it there is no driver.
func opening<Value: ~Copyable>(
  _ path: String, of driver: String, _ body: () throws(Errno) -> Value
) throws(MemoryError) -> Value {
  do throws(Errno) {
    return try body()
  } catch {
    if error == .noEntry || error == .noDevice { throw MemoryError(.noPin(.noDriver(driver)), path: path) }
    throw MemoryError(.failed(.open, error), path: path)
  }
}
