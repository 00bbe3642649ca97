internal import LinuxSystem

/// io_uring's registered buffers.
final class BufferPinner: Pinner {
  private let largest: Int
  private let cpus: Int
  private let mostRings: Int
  let leastChunk: Int
  var threadsApart: Int? { nil }

  /// `mapSize`: the most that a buffer shall have, in bytes.
  init(_ memory: PinnedMemory, mapSize: Int?) throws(MemoryError) {
    leastChunk = leastPinnedChunk(memory.bytes, mapSize: mapSize, most: nil)
    largest = min(BufferRing.largestBuffer, mapSize ?? .max)
    // one ring works for all, if not as fast
    cpus = (try? CPUSet.allowed().count) ?? 1
    // rings count as locked memory in some kernels: who has little of it gets no more than can work at once
    let isUnlimited = MachineFacts.lockable() == .success(nil)
    mostRings = isUnlimited ? Self.descriptorsLeft : min(cpus, Self.descriptorsLeft)
    do throws(Errno) {
      _ = try BufferRing.make(places: 1)
    } catch {
      throw MemoryError(.noPin(.noRing(error)), path: "io_uring")
    }
  }

  /// Some are left for everything else.
  private static var descriptorsLeft: Int {
    guard let limit = try? ResourceLimit.of(.openFiles) else { return 1 }
    return limit.soft.map { max(1, $0 - 64) } ?? .max
  }

  private func rings(_ memory: PinnedMemory) -> Int {
    RingLayout.rings(memory.bytes, largest: largest, cpus: cpus, most: mostRings)
  }

  func checks(_ memory: PinnedMemory, _ facts: MachineFacts) -> [Check] {
    let rings = rings(memory)
    let buffers = buffers(memory, alignment: rounded(leastChunk, up: memory.alignment) ?? leastChunk)
    let locked = RingLayout.lockedBytes(
      memory.bytes, buffers: buffers, largest: largest, page: memory.largestPage, rings: rings)
    return facts.lockChecks(locked +| rings *| BufferRing.lockedBytes)
      + [Check(.pieces("buffers"), need: buffers, have: rings *| BufferRing.mostPlaces, path: "io_uring")]
  }

  private func buffers(_ memory: PinnedMemory, alignment: Int) -> Int {
    pinPieces(memory.parts.map(\.range.count), largest: largest, alignment: alignment)
  }

  func pins(_ memory: PinnedMemory, alignment: Int) throws(MemoryError) -> BufferRings {
    let buffers = buffers(memory, alignment: alignment)
    guard let layout = RingLayout(buffers: buffers, rings: rings(memory)) else {
      throw MemoryError(.noPin(.tooManyBuffers(buffers)), path: "io_uring")
    }
    return try BufferRings(layout, largest: largest)
  }
}

extension PinRefusal {
  /// What a failed io_uring_setup(2) means here.
  static func noRing(_ errno: Errno) -> PinRefusal {
    switch errno {
    case .noMemory:
      // named only where it is known to be what holds
      guard (try? Capability.ipcLock.isEffective) == false, let limit = try? ResourceLimit.of(.lockedMemory).soft else {
        return .rings(errno)
      }
      return .ringLimit(limit)
    case .permission: return BufferRing.restriction().map { .ringsDisabled($0) } ?? .ringsFiltered
    default: return .rings(errno)
    }
  }
}
