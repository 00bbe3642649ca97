internal import LinuxSystem

extension Memory.Store {
  /// Bytes that a store is tried on: more than caches hold, so that memory is what counts.
  static let trialBytes = 64 << 20

  /// The fastest store of this CPU for so many bytes, tried out on scratch memory: which one wins differs from CPU to
  /// CPU and no table keeps up. Not worth the trial, some milliseconds, for less than a few times the trial's bytes.
  static func fastest(for bytes: Int) -> Memory.Store {
    if bytes < 8 * trialBytes { return .memset }
    guard let scratch = try? AnonymousMemory(bytes: trialBytes, page: .preferred).map(),
      (try? Memory.populate(scratch.value.address, trialBytes)) != nil
    else { return .memset }
    let times = Memory.Store.available.map { store in (store, time(store, scratch.value.address)) }
    return times.min { $0.1 < $1.1 }?.0 ?? .memset
  }

  /// The better of two tries, in nanoseconds.
  private static func time(_ store: Memory.Store, _ address: UInt) -> UInt64 {
    (0..<2).reduce(.max) { best, _ in
      let began = Clock.now()
      try? Memory.clear(address, trialBytes, store)
      return min(best, Clock.since(began))
    }
  }
}
