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

  /// The parts inside `window`.
  public func clamped(to window: Range<Int>) -> Extents {
    Extents(ranges.map { $0.clamped(to: window) })
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
        let low = ($0.lowerBound + pageSize - 1) / pageSize * pageSize
        let high = $0.upperBound / pageSize * pageSize
        return low < high ? low..<high : nil
      })
  }

  /// Whole pages that they touch at all.
  func touchedPages(of pageSize: Int) -> Extents {
    var pages = Extents()
    for range in ranges {
      let low = max(range.lowerBound / pageSize * pageSize, pages.ranges.last?.upperBound ?? 0)
      let high = (range.upperBound + pageSize - 1) / pageSize * pageSize
      if low < high { pages.append(low..<high) }
    }
    return pages
  }
}
