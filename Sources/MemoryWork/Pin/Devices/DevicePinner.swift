internal import LinuxSystem

/// Where memory is mapped for devices: VFIO's containers, or an address space of an iommufd; open while this lives.
final class DeviceSpaces: Sendable {
  let spaces: [MappedSpace]
  let addressSpaces: [DeviceAddressSpace]
  /// Whether what is mapped there is pinned: not while no device is attached.
  let isPinning: Bool
  /// What the user named, for messages: /dev/vfio/12.
  let path: String
  private let owners: [any Sendable & AnyObject]
  private let open: @Sendable (String) throws(Errno) -> FileDescriptor

  /// `owners` hold open what `spaces` name by number; `device` opens one of the devices, by its address.
  init(
    _ spaces: [MappedSpace], _ addressSpaces: [DeviceAddressSpace], isPinning: Bool, path: String,
    owners: [any Sendable & AnyObject], device: @escaping @Sendable (String) throws(Errno) -> FileDescriptor
  ) {
    self.spaces = spaces
    self.addressSpaces = addressSpaces
    self.isPinning = isPinning
    self.path = path
    self.owners = owners
    open = device
  }

  /// A device that sees the memory, by its PCI address: what it does there is DMA.
  func device(_ address: String) throws(Errno) -> FileDescriptor { try open(address) }
}

/// Maps memory for devices, and so pins it.
@safe
final class DevicePinner: Pinner {
  let spaces: DeviceSpaces
  let plan: AddressPlan
  let leastChunk: Int
  private let numbers: UnsafeMutableBufferPointer<MappedSpace>
  private let mapSize: Int?
  private let bytes: Int
  private var count = PinCount()

  init(_ spaces: DeviceSpaces, _ request: PinRequest, _ memory: PinnedMemory) throws(MemoryError) {
    self.spaces = spaces
    do throws(PinRefusal) {
      plan = try AddressPlan(
        request.iovaBase, bytes: memory.bytes, alignment: memory.alignment, within: spaces.addressSpaces)
    } catch {
      throw MemoryError(.noPin(error), path: spaces.path)
    }
    mapSize = request.mapSize
    bytes = memory.bytes
    // each part may end with a short one
    let most = spaces.addressSpaces.compactMap(\.mappingsLeft).min().map { $0 -| memory.parts.count }
    leastChunk = pinGrain(memory.bytes, mapSize: mapSize, most: most)
    unsafe numbers = .allocate(capacity: spaces.spaces.count)
    _ = unsafe numbers.initialize(from: spaces.spaces)
  }

  deinit { unsafe numbers.deallocate() }

  /// The kernel maps one piece at a time in a container of VFIO; an iommufd takes as many as there are threads.
  var threadsApart: Int? { spaces.spaces.contains { $0.kind != .vfio } ? .max : spaces.spaces.count }

  /// Each space counts for itself.
  private var dueBytes: Int { spaces.isPinning ? bytes *| spaces.spaces.count : 0 }

  func checks(_ memory: PinnedMemory, _ facts: MachineFacts) -> [Check] {
    var checks = dueBytes > 0 ? facts.lockChecks(dueBytes) : []
    if let most = spaces.addressSpaces.compactMap(\.mappingsLeft).min() {
      let grain = rounded(leastChunk, up: memory.alignment) ?? leastChunk
      let need = pinPieces(memory.parts.map(\.range.count), largest: mapSize ?? .max, grain: grain)
      checks.append(Check(.pieces("mappings"), need: need, have: most, path: spaces.path))
    }
    return checks
  }

  func prepare(_ memory: PinnedMemory, _ table: RegionTable, grain: Int) { count = PinCount() }

  func work(_ table: RegionTable) -> MapForDevices {
    unsafe MapForDevices(
      regions: UnsafePointer(table.regions), givenBack: table.givenBack, spaces: UnsafePointer(numbers.baseAddress!),
      spaceCount: numbers.count, base: plan.base, largest: mapSize ?? .max)
  }

  func verify(_ memory: PinnedMemory, _ verification: inout Verification) throws(MemoryError) {
    verification.addresses = DeviceAddresses(first: plan.base, last: plan.base + (UInt64(bytes) - 1))
    // VFIO's own containers count what they pin as locked. An iommufd counts it as pinned, one that stands in for a
    // container as well, and some of those as locked, too.
    switch count.grown() {
    case .success(let (locked, pinned)):
      if locked > pinned {
        verification.lockedBytes = locked
      } else {
        verification.pinnedBytes = pinned
      }
      let missing = dueBytes - max(locked, pinned)
      if missing > 0 { throw MemoryError(.notPinned(bytes: missing), path: memory.path) }
    case .failure(let unread): verification.unread.append(unread)
    }
  }

  func release() -> Bool {
    var isUnmapped = true
    for space in spaces.spaces { isUnmapped = space.unmap(at: plan.base, bytes) && isUnmapped }
    guard let grown = count.grown().known else { return isUnmapped }
    return grown.locked <= 0 && grown.pinned <= 0
  }
}
