import Testing

@testable import MemoryWork

@Suite("Extents")
struct ExtentsTests {
  struct Gap: Sendable {
    let present: [Range<Int>]
    let window: Range<Int>
    let gaps: [Range<Int>]
  }

  @Test(
    "What a window has beside the extents is its gaps",
    arguments: [
      Gap(present: [], window: 0..<10, gaps: [0..<10]),
      Gap(present: [0..<10], window: 0..<10, gaps: []),
      Gap(present: [0..<4], window: 0..<10, gaps: [4..<10]),
      Gap(present: [4..<10], window: 0..<10, gaps: [0..<4]),
      Gap(present: [2..<4, 6..<8], window: 0..<10, gaps: [0..<2, 4..<6, 8..<10]),
      Gap(present: [2..<4, 6..<8], window: 3..<7, gaps: [4..<6]),
      Gap(present: [0..<100], window: 40..<50, gaps: []),
      Gap(present: [0..<5, 20..<30], window: 5..<20, gaps: [5..<20]),
      Gap(present: [20..<30], window: 0..<10, gaps: [0..<10]),
      Gap(present: [0..<4], window: 4..<4, gaps: []),
    ])
  func gaps(_ gap: Gap) {
    #expect(Extents(gap.present).gaps(in: gap.window).ranges == gap.gaps)
  }

  @Test("Neighbours become one, empty ones none")
  func appending() {
    #expect(Extents([0..<4, 4..<8, 8..<8, 10..<12]).ranges == [0..<8, 10..<12])
    #expect(Extents([0..<4, 4..<8]).bytes == 8)
  }

  @Test("The hull reaches from the first to the last")
  func hull() {
    #expect(Extents([2..<4, 8..<9]).hull == 2..<9)
    #expect(Extents().hull == nil)
  }

  @Test("Pages that are touched at all are whole pages, each once")
  func touched() {
    #expect(Extents([1..<3, 5..<9, 17..<18]).touchedPages(of: 4).ranges == [0..<12, 16..<20])
    #expect(Extents([4..<8]).touchedPages(of: 4).ranges == [4..<8])
  }

  @Test("Gaps and extents together are the window, whatever the extents")
  func complement() {
    var state: UInt64 = 42
    for _ in 0..<500 {
      var extents = Extents()
      var at = 0
      while at < 900 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let start = at + Int(state >> 33 % 7)
        let end = start + Int(state >> 40 % 9)
        extents.append(start..<end)
        at = end
      }
      let gaps = extents.gaps(in: 0..<1000)
      #expect(gaps.bytes + extents.clamped(to: 0..<1000).bytes == 1000)
      for gap in gaps.ranges { #expect(extents.clamped(to: gap).bytes == 0) }
    }
  }
}
