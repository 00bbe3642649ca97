import CCounting
import Glibc
import KTask
import LinuxSystem
import Testing

/// Helpers do the caller's work, so the kernel is to serve them as it serves the caller.
@Suite(
  "Helpers serve as their caller does", .enabled(if: policies_get().memory >= 0, "the kernel tells of no memory policy")
)
struct CallersPolicyTests {
  private static let (standard, preferred, bound): (Int32, Int32, Int32) = (0, 1, 2)
  /// IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0), and of the lowest best effort.
  private static let (idle, lowest): (Int32, Int32) = (3 << 13, 2 << 13 | 7)

  @Test("with its memory policy and I/O priority, the same threads for one caller after the other")
  func memoryAndDisk() async {
    await #expect(processExitsWith: .success) {
      for (memory, nodes, io) in [
        (Self.bound, 1, Self.idle), (Self.standard, 0, 0), (Self.preferred, 1, Self.lowest), (Self.bound, 1, 0),
        (Self.standard, 0, Self.idle), (Self.standard, 0, 0),
      ] {
        let callers = policies(memory: memory, nodes: UInt64(nodes), io: io, class: SCHED_OTHER)
        let found = try Self.helpers(of: callers)
        #expect(found.map(Self.numbers) == [Self.numbers(callers), Self.numbers(callers)])
        #expect(helperThreads().count == 2)
      }
    }
  }

  @Test("of its scheduling class, but for real-time ones", arguments: [SCHED_OTHER, 3, 5, SCHED_FIFO, SCHED_RR])
  func scheduling(class number: Int32) async {
    await #expect(processExitsWith: .success) { [number = number as Int32] in
      for number in [number, SCHED_OTHER] {
        var callers = policies(memory: Self.standard, nodes: 0, io: 0, class: number)
        let found = try Self.helpers(of: callers)
        if [SCHED_FIFO, SCHED_RR].contains(number) { callers.class = SCHED_OTHER }
        #expect(found.map(Self.numbers) == [Self.numbers(callers), Self.numbers(callers)])
      }
    }
  }

  /// What the helpers of a caller have that has these.
  private static func helpers(of callers: policies) throws -> [policies] {
    let thread = try OwnThread { () -> [policies]? in
      if !policies_set(callers) { return nil }
      let (seen, everyone, caller) = (Seen(), Rendezvous(3), DetachedThread.currentID)
      let work = RecordedWork { _ in
        let found = policies_get()
        if DetachedThread.currentID != caller { seen.list.withLock { $0.append(found) } }
        everyone.meet()
      }
      var control = TaskControl.madeUp(threads: .exactly(3))
      // beside a real-time caller others may get no CPU to meet on
      control.helpersNice = 0
      _ = try? control.run(work, start: 0, size: 3)
      return seen.list.withLock { $0 }
    }
    return try #require(thread.join())
  }

  private static func numbers(_ one: policies) -> [Int] {
    [Int(one.memory), Int(one.nodes), Int(one.io), Int(one.class)]
  }

  private final class Seen: Sendable { let list = Guarded<[policies]>([]) }
}
