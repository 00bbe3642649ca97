internal import KTask
internal import LinuxSystem
internal import Synchronization

/// pin --with io_uring: a chunk makes its pages and registers them as buffers; its undo unregisters them.
@safe
struct RegisterBuffers: MemoryTaskWork, @unchecked Sendable {
  // @unchecked: regions do not change while a task runs.
  static var undoManner: UndoManner { .pieces }
  let iterator = MemoryIterator()
  let regions: UnsafePointer<Region>
  let givenBack: UnsafeMutablePointer<Atomic<Int>>
  let places: BufferPlaces

  @_noLocks
  func run(from start: MemoryPosition, to end: MemoryPosition) throws(ChunkFailure) {
    let region = unsafe regions[start.region]
    var operation = region.recipe.operation()
    do throws(Errno) {
      try region.makePages(region.address + UInt(start.offset), end.offset - start.offset)
      operation = .register
      try places.register(region, from: start.offset, to: end.offset)
    } catch {
      _ = region.giveBackNew(from: start.offset, to: end.offset)
      throw ChunkFailure(operation: operation, errno: error)
    }
  }

  func beginUndo() { places.sort() }

  func undo(from start: MemoryPosition, to end: MemoryPosition) {
    places.unregister(from: start.offset, to: end.offset)
    let bytes = unsafe regions[start.region].giveBackNew(from: start.offset, to: end.offset)
    unsafe givenBack.pointee.wrappingAdd(bytes, ordering: .relaxed)
  }
}

/// io_uring's registered buffers.
final class BufferPinner: Pinner {
  private var table: PlaceTable?
  private var count = PinCount()
  private let largest: Int
  private let cpus: Int
  private let mostRings: Int
  let leastChunk: Int
  var threadsApart: Int? { nil }

  /// `mapSize`: the most that a buffer shall have, in bytes.
  init(_ memory: PinnedMemory, mapSize: Int?) throws(MemoryError) {
    leastChunk = pinGrain(memory.bytes, mapSize: mapSize, most: nil)
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
    let buffers = buffers(memory, grain: rounded(leastChunk, up: memory.alignment) ?? leastChunk)
    return facts.lockChecks(memory.bytes +| rings *| BufferRing.lockedBytes)
      + [Check(.pieces("buffers"), need: buffers, have: rings *| BufferRing.mostPlaces, path: "io_uring")]
  }

  private func buffers(_ memory: PinnedMemory, grain: Int) -> Int {
    pinPieces(memory.parts.map(\.range.count), largest: largest, grain: grain)
  }

  func prepare(_ memory: PinnedMemory, _ regions: RegionTable, grain: Int) throws(MemoryError) {
    count = PinCount()
    let buffers = buffers(memory, grain: grain)
    guard let layout = RingLayout(buffers: buffers, rings: rings(memory)) else {
      throw MemoryError(.noPin(.tooManyBuffers(buffers)), path: "io_uring")
    }
    table = try PlaceTable(layout, largest: largest)
  }

  func work(_ regions: RegionTable) -> RegisterBuffers {
    unsafe RegisterBuffers(
      regions: UnsafePointer(regions.regions), givenBack: regions.givenBack, places: table!.places)
  }

  func verify(_ memory: PinnedMemory, _ verification: inout Verification) throws(MemoryError) {
    switch count.grown() {
    case .success(let grown):
      verification.pinnedBytes = grown.pinned
      let missing = memory.bytes - grown.pinned
      if missing > 0 { throw MemoryError(.notPinned(bytes: missing), path: memory.path) }
    case .failure(let unread): verification.unread.append(unread)
    }
  }

  func release() -> Bool {
    guard let table else { return true }
    let isDropped = table.dropAll()
    self.table = nil
    guard let grown = count.grown().known else { return isDropped }
    return isDropped && grown.pinned <= 0
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

/// The rings of a run, and the table of their places.
@safe
private final class PlaceTable {
  let places: BufferPlaces
  private let rings: [Owned<BufferRing>]
  private let numbers: UnsafeMutablePointer<Int32>

  init(_ layout: RingLayout, largest: Int) throws(MemoryError) {
    var rings: [Owned<BufferRing>] = []
    do throws(Errno) {
      for _ in 0..<layout.rings { rings.append(Owned(try BufferRing.make(places: layout.places))) }
    } catch {
      throw MemoryError(.noPin(.noRing(error)), path: "io_uring")
    }
    self.rings = rings
    unsafe numbers = .allocate(capacity: rings.count)
    for (index, ring) in rings.enumerated() { unsafe (numbers + index).initialize(to: ring.value.number) }
    let capacity = layout.rings * layout.places
    unsafe places = BufferPlaces(
      places: .allocate(capacity: capacity), capacity: capacity, rings: UnsafePointer(numbers),
      ringCount: rings.count, next: .allocate(capacity: 1), order: .allocate(capacity: capacity), largest: largest)
    unsafe places.order.initialize(repeating: 0, count: capacity)
    unsafe places.places.initialize(repeating: .init(), count: capacity)
    unsafe places.next.initialize(to: Atomic(0))
  }

  deinit {
    unsafe numbers.deallocate()
    unsafe places.places.deallocate()
    unsafe places.order.deallocate()
    unsafe places.next.deinitialize(count: 1)
    unsafe places.next.deallocate()
  }

  func dropAll() -> Bool {
    rings.reduce(true) { isDropped, ring in (try? ring.value.dropAll()) != nil && isDropped }
  }
}
