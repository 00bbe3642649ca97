internal import LinuxSystem

/// Maps memory for devices, and so pins it.
final class DevicePinner: Pinner {
  private let spaces: DeviceSpaces
  private let plan: AddressPlan
  let leastChunk: Int
  private let mapSize: Int?
  private let bytes: Int

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
    leastChunk = leastPinnedChunk(memory.bytes, mapSize: mapSize, most: most)
  }

  var threadsApart: Int? { spaces.threads }

  /// Each space counts for itself.
  private var dueBytes: Int { spaces.isPinning ? bytes *| spaces.spaces.count : 0 }

  func checks(_ memory: PinnedMemory, _ facts: MachineFacts) -> [Check] {
    var checks = dueBytes > 0 ? facts.lockChecks(dueBytes) : []
    if let most = spaces.addressSpaces.compactMap(\.mappingsLeft).min() {
      let alignment = rounded(leastChunk, up: memory.alignment) ?? leastChunk
      let need = pinPieces(memory.parts.map(\.range.count), largest: mapSize ?? .max, alignment: alignment)
      checks.append(Check(.pieces("mappings"), need: need, have: most, path: spaces.path))
    }
    return checks
  }

  func pins(_ memory: PinnedMemory, alignment: Int) -> DeviceMappings {
    DeviceMappings(spaces, plan, bytes: bytes, dueBytes: dueBytes, largest: mapSize ?? .max)
  }
}

/// What a run has mapped for devices.
@safe
final class DeviceMappings: MadePins {
  private let spaces: DeviceSpaces
  /// The spaces, for chunks.
  private let numbers: UnsafeMutablePointer<MappedSpace>
  private let use: SpaceUse
  private let plan: AddressPlan
  private let bytes: Int
  /// What the kernel must count.
  private let dueBytes: Int
  private let largest: Int
  private let count = PinCount()

  init(_ spaces: DeviceSpaces, _ plan: AddressPlan, bytes: Int, dueBytes: Int, largest: Int) {
    self.spaces = spaces
    self.plan = plan
    self.bytes = bytes
    self.dueBytes = dueBytes
    self.largest = largest
    use = SpaceUse(count: spaces.spaces.count)
    unsafe numbers = .allocate(capacity: spaces.spaces.count)
    for (index, space) in spaces.spaces.enumerated() { unsafe (numbers + index).initialize(to: space) }
  }

  deinit {
    unsafe numbers.deallocate()
    use.deallocate()
  }

  func work(_ table: RegionTable) -> MapForDevices {
    unsafe MapForDevices(
      regions: UnsafePointer(table.regions), givenBack: table.givenBack, spaces: UnsafePointer(numbers),
      spaceCount: spaces.spaces.count, use: use, base: plan.base, largest: largest)
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
