import KTask
import LinuxSystem
import Testing

/// Two CPUs of this machine, taken for two nodes.
enum TwoCPUs {
  static let all: [CPUSet] = ((try? CPUSet.allowed()) ?? CPUSet()).prefix(2).map { CPUSet([$0]) }

  /// For tests that look at where threads run.
  static let needed = ConditionTrait.enabled(if: all.count == 2, "needs two CPUs")

  /// Each node has one real CPU, and three numbers that the kernel disregards, so that there are CPUs for eight
  /// threads.
  static let machine = Machine.madeUp(all.enumerated().map { $1.union(CPUSet(3000 + 3 * $0..<3003 + 3 * $0)) })

  /// Runs `body` on a thread of its own, bound to the first of the two: the caller's node is node 0.
  static func onNode0<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
    let thread = try OwnThread {
      Swift.Result {
        try all[0].apply()
        return try body()
      }
    }
    return try thread.join().get()
  }
}
