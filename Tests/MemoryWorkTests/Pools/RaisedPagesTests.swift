import LinuxSystem
import Testing

@testable import MemoryWork

@Suite("What of pools was raised")
struct RaisedPagesTests {
  /// A pool with so many pages of its own on nodes 0 and 2, and surplus pages besides.
  private static func pool(_ own: [Int], surplus: Int = 0) -> HugePagePool {
    let nodes = zip([0, 2], own).map { HugePagePool.Node(number: $0, total: $1 + surplus, free: 0, surplus: surplus) }
    return HugePagePool(
      pageSize: 2 << 20, total: nodes.map(\.total).reduce(0, +), free: 0, reserved: 0,
      surplus: surplus * nodes.count, overcommitLimit: 0, nodes: nodes)
  }

  @Test("is the sum of all changes that were noted, on each node")
  func sum() {
    var raised = RaisedPages()
    #expect(raised.left(on: 0, of: Self.pool([5, 5])) == 0, "what the machine had when it started was not raised")
    raised.change(from: Self.pool([5, 5]), to: Self.pool([9, 5]))
    raised.change(from: Self.pool([9, 5]), to: Self.pool([12, 6], surplus: 3))
    raised.change(from: Self.pool([12, 6]), to: Self.pool([10, 6]))
    #expect([0, 2, 7].map { raised.left(on: $0, of: Self.pool([10, 6])) } == [5, 1, 0])
  }

  @Test("does not count what others have added, and counts as given back what they have taken away")
  func others() {
    var raised = RaisedPages()
    raised.change(from: Self.pool([5, 5]), to: Self.pool([9, 5]))
    for (now, left) in [(30, 4), (9, 4), (7, 2), (5, 0), (0, 0)] {
      #expect(raised.left(on: 0, of: Self.pool([now, 5])) == left)
    }
    // somebody has made it 2 smaller, and then it is raised again
    raised.change(from: Self.pool([7, 5]), to: Self.pool([10, 5]))
    #expect(raised.left(on: 0, of: Self.pool([10, 5])) == 5)
    raised.change(from: Self.pool([10, 5]), to: Self.pool([1, 5]))
    #expect(raised.left(on: 0, of: Self.pool([10, 5])) == 0, "less than nothing was not raised")
  }

  @Test("outlives the process in a note, whatever a longer one left behind it")
  func note() {
    var raised = RaisedPages()
    raised.change(from: Self.pool([5, 5]), to: Self.pool([9, 5]))
    #expect(raised.note == "0 4 9\nend\n")
    #expect(RaisedPages(note: raised.note + "0 999999 9\nend\n") == raised)
    var all = RaisedPages()
    let none = HugePagePool(
      pageSize: 2 << 20, total: 0, free: 0, reserved: 0, surplus: 0, overcommitLimit: 0, nodes: [])
    let some = HugePagePool(
      pageSize: 2 << 20, total: 3, free: 0, reserved: 0, surplus: 0, overcommitLimit: 0, nodes: [])
    all.change(from: none, to: some)
    #expect(all.note == "all 3 3\nend\n" && RaisedPages(note: all.note) == all)
  }

  @Test(
    "is nothing of what cannot be read",
    arguments: ["", "0 4 9\n", "0 4\nend\n", "0 -4 9\nend\n", "x 4 9\nend\n", "0 4 99999999999999999999\nend\n"])
  func unread(note: String) {
    #expect(RaisedPages(note: note) == RaisedPages())
  }
}
