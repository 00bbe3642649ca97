import TestSupport
import Testing

@testable import KTask

@Suite("Among very many node tasks a thread")
struct OpenNodeTasksTests {
  /// Threads drain node tasks wholly or in part, in an order made from a seed; each look is compared with one at all.
  @Test("finds the same next one as by looking at all of them", arguments: 1...60)
  func same(seed: Int) throws {
    var random = SplitMix64(seed: seed)
    let count = random.number(1...40)
    let sizes = (0..<count).map { _ in random.number(0...3) == 0 ? 0 : random.number(1...20) }
    let nodes: [Int?] = (0..<count).map { _ in random.number(0...4) == 0 ? nil : random.number(0...3) }
    let threads = random.number(1...6)
    let seats = Policy.seats(sizes: sizes, nodes: nodes, threads: threads, callersNode: 0)
    let open = OpenNodeTasks(sizes: sizes, nodes: nodes, seats: seats)
    var (left, at) = (sizes, seats)
    for _ in 0..<400 {
      let thread = random.number(0...threads - 1)
      let here = random.number(0...3)
      let distance = { (index: Int) in nodes[index].map { abs($0 - here) } ?? 0 }
      left[at[thread]] -= random.number(0...left[at[thread]])
      if left[at[thread]] > 0 { continue }
      let wanted = Policy.nextNodeTask(count: count, remaining: { left[$0] }, distance: distance)
      #expect(open.next(for: thread, remaining: { left[$0] }, distance: distance) == wanted)
      guard let wanted else { return }
      at[thread] = wanted
    }
  }

  @Test("looks no longer for one of twice as many")
  func linear() {
    #expect(looks(2000) < looks(1000) * 9 / 4)
  }

  /// How often two threads ask what is left, until nothing is.
  private func looks(_ count: Int) -> Int {
    var left = Array(repeating: 1, count: count)
    let open = OpenNodeTasks(sizes: left, nodes: Array(repeating: nil, count: count), seats: [0, 1])
    var (looks, at) = (0, [0, 1])
    while true {
      for thread in 0...1 {
        left[at[thread]] = 0
        let next = open.next(
          for: thread,
          remaining: { index in
            looks += 1
            return left[index]
          }, distance: { _ in 0 })
        guard let next else { return looks }
        at[thread] = next
      }
    }
  }
}
