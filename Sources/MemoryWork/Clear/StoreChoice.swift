internal import LinuxSystem
internal import Synchronization

/// With which store one task clears. Its first chunks are the trial: no memory is made for it.
///
/// The caller alone tries, since it works as long as the task does and at its own priority, and is the only one who writes down
/// what that took. The others have the C library's store until it has decided, and nobody waits for that.
@safe
final class StoreChoice: @unchecked Sendable {
  // @unchecked: the trial is the caller's while a task runs; the decision is atomic.
  private let trial = UnsafeMutablePointer<StoreTrial>.allocate(capacity: 1)
  private let decision = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: 1)
  let forChunks: StoreForChunks

  /// By the thread that runs the task. `turn`, `least`: see `StoreTrial`.
  init(_ table: RegionTable, turn: Int = StoreTrial.usualTurn, least: Int = StoreTrial.leastBytes) {
    unsafe trial.initialize(to: StoreTrial(turn: turn))
    unsafe decision.initialize(to: Atomic(StoreForChunks.undecided))
    let most = table.presentBytes.max { ($0.value, $0.key) < ($1.value, $1.key) }
    let isWorthwhile = most.map { $0.value >= least } ?? false
    let hasAll = Memory.Store.available == Memory.Store.allCases
    forChunks = unsafe StoreForChunks(
      trial: trial, decision: decision, tester: isWorthwhile && hasAll ? DetachedThread.currentID : 0,
      pageSize: most?.key ?? 0)
  }

  deinit {
    unsafe trial.deallocate()
    unsafe decision.deinitialize(count: 1)
    unsafe decision.deallocate()
  }

  /// After the task.
  var use: StoreUse { unsafe StoreUse(store: forChunks.store(), tried: trial.pointee.rates) }
}

/// What chunks see of it.
@safe
struct StoreForChunks: BitwiseCopyable, @unchecked Sendable {
  // @unchecked: as said above.
  fileprivate let trial: UnsafeMutablePointer<StoreTrial>
  fileprivate let decision: UnsafeMutablePointer<Atomic<Int>>
  /// The thread that tries; 0: nobody does.
  fileprivate let tester: Int
  /// Only on pages of that size, so that turns can be compared.
  fileprivate let pageSize: Int

  fileprivate static var undecided: Int { -1 }

  /// Zeroes pages of a region that are there.
  @_noLocks
  func clear(_ region: Region, from: Int, to: Int) throws(Errno) {
    let rest = mayTry(region, from, to) ? try tryStores(region, from, to) : from
    if rest < to { try Memory.clear(region.address + UInt(rest), to - rest, store()) }
  }

  @_noLocks
  fileprivate func store() -> Memory.Store {
    let number = unsafe decision.pointee.load(ordering: .relaxed)
    return number == Self.undecided ? .memset : StoreTrial.store(number)
  }

  /// What the kernel has just cleared is still in the caches.
  @_noLocks
  private func mayTry(_ region: Region, _ from: Int, _ to: Int) -> Bool {
    if unsafe tester == 0 || decision.pointee.load(ordering: .relaxed) != Self.undecided { return false }
    if region.pageSize != pageSize || DetachedThread.currentID != tester { return false }
    return region.hadAll(from: from, to: to)
  }

  /// As much of it as the trial takes; where that ends.
  @_noLocks
  private func tryStores(_ region: Region, _ from: Int, _ to: Int) throws(Errno) -> Int {
    var at = from
    while at < to {
      let piece = unsafe min(trial.pointee.left(), to - at)
      // whoever had the CPU meanwhile is no fault of the store's
      let began = Clock.ofThread()
      try unsafe Memory.clear(region.address + UInt(at), piece, trial.pointee.current())
      unsafe trial.pointee.note(piece, Clock.ofThread() &- began)
      at += piece
      if let fastest = unsafe trial.pointee.fastest() {
        unsafe decision.pointee.store(fastest, ordering: .relaxed)
        break
      }
    }
    return at
  }
}
