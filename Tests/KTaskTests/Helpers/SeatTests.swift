import KTask
import Testing

/// R3's arithmetic: where threads start, and where they go on.
@Suite("A thread's node task")
struct SeatTests {
  @Test(
    "is one of those with the most work for a thread, and every node task with work gets a thread",
    arguments: [
      // sizes, threads, seats
      ([100], 3, [0, 0, 0]), ([100, 100], 2, [0, 1]), ([100, 100], 5, [0, 1, 0, 1, 0]), ([100, 1], 2, [0, 1]),
      ([1, 100], 2, [1, 0]), ([100, 1], 4, [0, 1, 0, 0]), ([300, 100], 4, [0, 1, 0, 0]), ([100, 1], 1, [0]),
      ([0, 100, 0, 50], 3, [1, 3, 1]), ([0, 100, 0, 50], 2, [1, 3]), ([10, 20, 30, 40], 2, [3, 2]),
      ([10, 20, 30, 40], 6, [3, 2, 1, 0, 3, 2]), ([Int.max - 5, 5], 3, [0, 1, 0]),
    ])
  func isWhereWorkIs(sizes: [Int], threads: Int, seats: [Int]) {
    let nodes = sizes.indices.map { Optional($0) }
    #expect(Policy.seats(sizes: sizes, nodes: nodes, threads: threads, callersNode: nil) == seats)
  }

  @Test("is of the caller's own node for the caller, where that has work")
  func isAtHomeForTheCaller() {
    let nodes = [0, nil, 2, 2, 1]
    let seat = { (sizes: [Int], home: Int?) in
      Policy.seats(sizes: sizes, nodes: nodes, threads: 1, callersNode: home)[0]
    }
    #expect(seat([100, 50, 10, 20, 0], 0) == 0)
    #expect(seat([100, 50, 10, 20, 0], 2) == 3)
    #expect(seat([100, 50, 10, 20, 0], 1) == 0)
    #expect(seat([100, 50, 10, 20, 0], 7) == 0)
    #expect(seat([100, 200, 10, 20, 0], nil) == 1)
  }

  @Test("leaves the helpers those that the caller did not take")
  func leavesTheOthers() {
    let seats = Policy.seats(sizes: [100, 100, 100], nodes: [0, 1, 2], threads: 3, callersNode: 1)
    #expect(seats == [1, 0, 2])
  }

  @Test("is found where there is one thread for many, and where there is no work or no node task at all")
  func isFoundAtTheEdges() {
    #expect(Policy.seats(sizes: [], nodes: [], threads: 1, callersNode: 0).isEmpty)
    #expect(Policy.seats(sizes: [0, 0], nodes: [0, 1], threads: 1, callersNode: 1) == [0])
    #expect(
      Policy.seats(
        sizes: Array(repeating: 1, count: 9), nodes: Array(repeating: nil, count: 9), threads: 1, callersNode: 0) == [0]
    )
  }

  @Test(
    "is followed by the nearest with work left, among equals by the one with most",
    arguments: [
      // work left, distances, the next
      ([], [], nil), ([0], [10], nil), ([0, 0, 0], [10, 20, 30], nil), ([0, 5], [10, 20], 1),
      ([0, 100, 1], [10, 30, 20], 2), ([0, 1, 100, 50], [10, 20, 20, 20], 2), ([7, 100], [10, 20], 0),
      ([0, 3, 3], [10, 20, 20], 1), ([0, Int.max], [10, 255], 1), ([1, 0], [0, 0], 0),
    ] as [([Int], [Int], Int?)])
  func isFollowedByTheNearest(left: [Int], distances: [Int], next: Int?) {
    let found = Policy.nextNodeTask(
      count: left.count, remaining: { left[$0] }, distance: { distances[$0] })
    #expect(found == next)
  }
}
