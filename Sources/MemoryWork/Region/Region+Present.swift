extension Region {
  /// The first of the ranges that were there that ends after an offset.
  @_noLocks
  func firstPresent(after offset: Int) -> Int {
    var (low, high) = (0, presentCount)
    while low < high {
      let middle = low + (high - low) / 2
      if unsafe present.unsafelyUnwrapped[middle].upperBound <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// What lies between two offsets of one of the ranges that were there; empty where there is nothing.
  @_noLocks
  func present(_ index: Int, from: Int, to: Int) -> Range<Int> {
    let there = unsafe present.unsafelyUnwrapped[index]
    let low = max(there.lowerBound, from)
    return low..<max(low, min(there.upperBound, to))
  }

  /// Whether all between two offsets was there.
  @_noLocks
  func hadAll(from: Int, to: Int) -> Bool {
    let index = firstPresent(after: from)
    return index < presentCount && present(index, from: from, to: to) == from..<to
  }
}
