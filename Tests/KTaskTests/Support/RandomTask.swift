import KTask
import TestSupport

/// A task made from a seed: some node tasks, empty ones among them, with gaps between, and a control object.
struct RandomTask {
  var nodeTasks: [NodeTask<Int>] = []
  var control: TaskControl
  var size = 0
  /// Beyond every position.
  var end = 0

  init(seed: Int) {
    var random = SplitMix64(seed: seed)
    control = .madeUp(minimumChunk: random.one(of: [1, 1, 2, 3, 7, 10, 64, 100]))
    control.alignment = random.one(of: [1, 1, 2, 3, 4, 8, 12, 64])
    let threads = random.number(0...16)
    control.threads = threads == 0 ? .automatic : .exactly(threads)
    if random.number(0...3) == 0 {
      control.maximumChunk = max(control.minimumChunk, control.alignment) + random.number(0...50)
    }
    control.isEnabled = random.number(0...19) > 0
    for _ in 0..<random.number(0...6) { addNodeTask(&random) }
  }

  private mutating func addNodeTask(_ random: inout SplitMix64) {
    let size = random.number(0...3) == 0 ? 0 : random.number(1...random.one(of: [5, 50, 1500]))
    let start = end + random.number(0...70)
    nodeTasks.append(NodeTask(start: start, size: size, node: random.one(of: [0, 1, 2, nil])))
    self.size += size
    end = start + size
  }

  /// Of each unit whether it belongs to a node task.
  var expectedCounts: [Int] {
    var counts = [Int](repeating: 0, count: end)
    for task in nodeTasks { for unit in task.units { counts[unit] += 1 } }
    return counts
  }

  /// Whether chunks end where they may: on a multiple of the alignment, or with their node task.
  func isProperEnd(_ position: Int) -> Bool {
    position % control.alignment == 0 || nodeTasks.contains { $0.start + $0.size == position }
  }
}

extension NodeTask<Int> {
  var units: Range<Int> { start..<start + size }
}
