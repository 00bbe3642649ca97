import Glibc
import LinuxSystem
import Testing

@testable import MemoryWork

@Suite("The store is chosen on the first of the work")
struct StoreTrialTests {
  /// Nanoseconds a byte.
  struct CPU: Sendable {
    var name: String
    var memset: Double
    var repStosb: Double
    var nonTemporal: Double
    /// By the number of the turn.
    var disturbed: @Sendable (Int) -> Double = { _ in 1 }
    var fastest: Memory.Store

    func nanoseconds(_ store: Memory.Store, _ bytes: Int, turn: Int) -> UInt64 {
      let each =
        switch store {
        case .memset: memset
        case .repStosb: repStosb
        case .nonTemporal: nonTemporal
        }
      return UInt64(each * Double(bytes) * disturbed(turn))
    }
  }

  private static let cpus = [
    CPU(
      name: "one that reads lines before it overwrites them", memset: 0.2, repStosb: 0.15, nonTemporal: 0.1,
      fastest: .nonTemporal),
    CPU(name: "one with fast strings", memset: 0.11, repStosb: 0.09, nonTemporal: 0.14, fastest: .repStosb),
    CPU(name: "one with a good C library", memset: 0.09, repStosb: 0.1, nonTemporal: 0.1, fastest: .memset),
    CPU(name: "all alike", memset: 0.1, repStosb: 0.1, nonTemporal: 0.1, fastest: .memset),
    CPU(
      name: "empty caches that take the first turn in", memset: 0.2, repStosb: 0.15, nonTemporal: 0.1,
      disturbed: { $0 == 0 ? 0.1 : 1 }, fastest: .nonTemporal),
    CPU(
      name: "a neighbour in the fastest one's second turn", memset: 0.2, repStosb: 0.1, nonTemporal: 0.15,
      disturbed: { $0 == 4 ? 5 : 1 }, fastest: .repStosb),
    CPU(name: "a clock that stands still", memset: 0, repStosb: 0, nonTemporal: 0, fastest: .memset),
  ]

  @Test("The fastest wins, however the work is cut", arguments: cpus, [1 << 12, 3 << 20, 8 << 20, 128 << 20])
  func fastest(cpu: CPU, piece: Int) {
    var trial = StoreTrial()
    var (done, turn) = (0, 0)
    while trial.fastest() == nil {
      #expect(trial.rates.isEmpty && trial.left() > 0 && trial.left() <= StoreTrial.usualTurn)
      let bytes = min(piece, trial.left())
      let store = trial.current()
      trial.note(bytes, cpu.nanoseconds(store, bytes, turn: turn))
      done += bytes
      turn = done / StoreTrial.usualTurn
    }
    #expect(trial.fastest().map(StoreTrial.store) == cpu.fastest, "\(cpu.name)")
    #expect(done == 9 * StoreTrial.usualTurn && done * 3 < StoreTrial.leastBytes)
    #expect(Set(trial.rates.keys) == Set(Memory.Store.allCases))
    #expect(trial.rates.values.max() == trial.rates[cpu.fastest])
  }

  /// Memory of the test's own, all of which was there.
  private final class Warm {
    static let bytes = 4 << 20
    let mapping: Mapping
    let table: RegionTable

    init(present: Extents = Extents([0..<bytes])) throws {
      try Memory.catchBusErrors()
      mapping = try Mapping.anonymous(Self.bytes, alignment: 4096)
      unsafe memset(UnsafeMutableRawPointer(bitPattern: mapping.address)!, 7, Self.bytes)
      let region = Region(address: mapping.address, length: Self.bytes, pageSize: 4096, recipe: Recipe())
      table = RegionTable([region], present: [present])
    }

    var region: Region { unsafe table.regions[0] }
    func firstNonZero() throws -> Int? { try Memory.firstNonZero(mapping.address, Self.bytes) }
  }

  private static let hasAll = Memory.Store.available == Memory.Store.allCases

  @Test("The caller tries on memory that was there, of ragged pieces, and every byte is zero", .enabled(if: hasAll))
  func caller() throws {
    let warm = try Warm()
    let choice = StoreChoice(warm.table, turn: 256 << 10, least: Warm.bytes)
    var at = 0
    for piece in [1, 4095, 8192, 100_001, Warm.bytes] {
      #expect(choice.use == StoreUse(store: .memset, tried: [:]))
      let end = min(at + piece, Warm.bytes)
      try choice.forChunks.clear(warm.region, from: at, to: end)
      at = end
    }
    #expect(try warm.firstNonZero() == nil)
    let use = choice.use
    #expect(use.tried.count == 3 && use.tried.values.max() == use.tried[use.store])
  }

  @Test("Nobody tries on holes, on other pages or on too little")
  func notTried() throws {
    let all = Extents([0..<Warm.bytes])
    let cases: [(present: Extents, least: Int, pageSize: Int)] = [
      (Extents([0..<4096, 8192..<Warm.bytes]), 1, 4096), (all, Warm.bytes + 1, 4096), (all, 1, 8192),
      (Extents([]), 0, 4096),
    ]
    for (present, least, pageSize) in cases {
      let warm = try Warm(present: present)
      let choice = StoreChoice(warm.table, turn: 64 << 10, least: least)
      var region = warm.region
      region.pageSize = pageSize
      try choice.forChunks.clear(region, from: 0, to: Warm.bytes)
      #expect(try warm.firstNonZero() == nil)
      #expect(choice.use == StoreUse(store: .memset, tried: [:]))
    }
  }

  @Test("Others clear as usual until the caller has decided")
  func others() async throws {
    let warm = try Warm()
    let (table, choice) = (warm.table, StoreChoice(warm.table, turn: 64 << 10, least: 1))
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      do throws(Errno) {
        try DetachedThread.start("another") {
          continuation.resume(
            with: Result { try unsafe choice.forChunks.clear(table.regions[0], from: 0, to: Warm.bytes) })
        }
      } catch {
        continuation.resume(throwing: error)
      }
    }
    #expect(try warm.firstNonZero() == nil)
    #expect(choice.use == StoreUse(store: .memset, tried: [:]))
  }
}
