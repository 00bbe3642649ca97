internal import LinuxSystem

/// Parts of a file or region: ascending, not touching each other.
public struct Extents: Equatable, Sendable {
  public private(set) var ranges: [Range<Int>] = []

  public init() {}

  public init(_ ranges: [Range<Int>]) {
    for range in ranges { append(range) }
  }

  /// Adds a range that does not start before the last one ends; empty ones add nothing.
  public mutating func append(_ range: Range<Int>) {
    if range.isEmpty { return }
    if let last = ranges.last {
      precondition(range.lowerBound >= last.upperBound, "extents must ascend")
      if range.lowerBound == last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        return
      }
    }
    ranges.append(range)
  }

  public var bytes: Int { ranges.reduce(0) { $0 + $1.count } }

  /// These with all that is between two of them, where that is less than `gap`.
  func bridging(_ gap: Int) -> [Range<Int>] {
    ranges.reduce(into: []) { joined, range in
      if let last = joined.last, range.lowerBound - last.upperBound < gap {
        joined[joined.count - 1] = last.lowerBound..<range.upperBound
      } else {
        joined.append(range)
      }
    }
  }

  /// The parts inside `window`. What lies before and behind it is not looked at.
  public func clamped(to window: Range<Int>) -> Extents {
    let inside = ranges[first { $0.upperBound > window.lowerBound }..<first { $0.lowerBound >= window.upperBound }]
    return Extents(inside.map { $0.clamped(to: window) })
  }

  /// The place of the first range that is so, as are all that come after it.
  private func first(where isSo: (Range<Int>) -> Bool) -> Int {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if isSo(ranges[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// What `window` has beside these.
  public func gaps(in window: Range<Int>) -> Extents {
    var gaps = Extents()
    var at = window.lowerBound
    for range in clamped(to: window).ranges {
      gaps.append(at..<range.lowerBound)
      at = range.upperBound
    }
    gaps.append(at..<window.upperBound)
    return gaps
  }

  /// From the start of the first to the end of the last.
  public var hull: Range<Int>? {
    guard let first = ranges.first, let last = ranges.last else { return nil }
    return first.lowerBound..<last.upperBound
  }

  /// Only whole pages: what covers a page in part does not count.
  func wholePages(of pageSize: Int) -> Extents {
    Extents(
      ranges.compactMap {
        let low = $0.lowerBound.roundedUp(to: pageSize)
        let high = $0.upperBound / pageSize * pageSize
        return low < high ? low..<high : nil
      })
  }

  /// Whole pages that they touch at all.
  func touchedPages(of pageSize: Int) -> Extents {
    var pages = Extents()
    for range in ranges {
      let low = max(range.lowerBound / pageSize * pageSize, pages.ranges.last?.upperBound ?? 0)
      let high = range.upperBound.roundedUp(to: pageSize)
      if low < high { pages.append(low..<high) }
    }
    return pages
  }
}
