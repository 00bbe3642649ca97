import Testing

@testable import ktaskctl

@Suite("The machine in words")
struct TopologyTextTests {
  @Test("distances are a table where there are several nodes")
  func distances() {
    let states = [(0, [10, 21]), (3, [21, 10])].map { node, row in
      TopologyReport.NodeState(node: node, distances: ["0": row[0], "3": row[1]])
    }
    #expect(
      TopologyReport.distanceLines(states) == ["node distances:", "node   0   3", "  0:  10  21", "  3:  21  10"])
    #expect(TopologyReport.distanceLines([states[0]]) == [])
  }
}
