import Testing

@testable import MemoryWork

@Suite("What was there in a region")
struct PresentRangeTests {
  @Test("is found by halving as by looking at every range", arguments: [0, 1, 2, 3, 7, 8])
  func found(count: Int) {
    let ranges = (0..<count).map { 10 * $0 + 2..<10 * $0 + 5 }
    let table = RegionTable(
      [Region(address: 0, length: 100, pageSize: 1, recipe: Recipe())], present: [Extents(ranges)])
    for offset in 0..<10 * count + 2 {
      let wanted = ranges.firstIndex { $0.upperBound > offset } ?? count
      #expect(unsafe table.regions[0].firstPresent(after: offset) == wanted)
    }
  }
}
