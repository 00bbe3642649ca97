import CCounting
import Glibc
import KTask
import LinuxSystem
import Testing

/// What a task leaves behind in its process.
@Suite("After a task")
struct LingeringTests {
  private static func control(lingering: UInt64) -> TaskControl {
    var control = TaskControl.madeUp(threads: .exactly(3))
    control.lingering = lingering
    return control
  }

  @Test("that keeps no helpers there are none, not even for a moment")
  func keepsNone() async {
    await #expect(processExitsWith: .success) {
      for round in 0..<200 {
        let outcome = try Self.control(lingering: 0).run(RecordedWork(), start: 0, size: 100)
        #expect(outcome.unitsDone == 100 && outcome.threads.count == 3)
        #expect(helperThreads().isEmpty, "round \(round)")
      }
    }
  }

  @Test("helpers end by themselves when they are kept no longer, and the next task has others")
  func endByThemselves() async {
    await #expect(processExitsWith: .success) {
      for _ in 0..<3 {
        let outcome = try Self.control(lingering: 1_000_000).run(RecordedWork(), start: 0, size: 100)
        #expect(outcome.threads.count == 3)
        #expect(waitUntil { helperThreads().isEmpty })
      }
    }
  }

  @Test("helpers that are kept end when they are told to, and the next task has others")
  func endWhenTold() async {
    await #expect(processExitsWith: .success) {
      TaskControl.endIdleHelpers()
      for round in 0..<200 {
        let outcome = try Self.control(lingering: .max).run(RecordedWork(), start: 0, size: 100)
        #expect(outcome.unitsDone == 100 && outcome.threads.count == 3)
        #expect(helperThreads().count == 2)
        TaskControl.endIdleHelpers()
        #expect(helperThreads().isEmpty, "round \(round)")
      }
    }
  }

  /// unshare(2) refuses a user namespace to a process of several threads (EINVAL).
  @Test(
    "that keeps no helpers its process may go into a namespace of its own",
    .enabled(if: counting_is_possible(), "a sanitizer lets no forked child start threads"))
  func unshares() async {
    await #expect(processExitsWith: .success) {
      let without = try exitStatus { Self.unshareUsers() }
      let after = { (lingering: UInt64) in
        try exitStatus {
          let outcome = try? Self.control(lingering: lingering).run(RecordedWork(), start: 0, size: 100)
          return outcome?.threads.count == 3 ? Self.unshareUsers() : -1
        }
      }
      for _ in 0..<20 { #expect(try after(0) == without) }
      // shows that this would be seen; where it is not allowed anyway, nothing is
      if without == 0 { #expect(try after(5_000_000_000) == EINVAL) }
    }
  }

  private static func unshareUsers() -> Int32 {
    typealias Unshare = @convention(c) (Int32) -> Int32
    let symbol = unsafe dlsym(nil, "unshare")
    let newUser: Int32 = 0x1000_0000
    guard let unshare = unsafe unsafeBitCast(symbol, to: Unshare?.self) else { return -1 }
    return unshare(newUser) == 0 ? 0 : errno
  }

  /// A program that locks all that it maps pays for stacks and heaps, used or not.
  @Test(
    "little is locked for its helpers in a program that locks all of its memory",
    .enabled(if: counting_is_possible(), "a sanitizer has stacks and heaps of its own"),
    .enabled(if: geteuid() == 0, "only root may lock as much as it likes"))
  func locksLittle() async {
    await #expect(processExitsWith: .success) {
      let meet = { (threads: Int) in
        var control = TaskControl.madeUp(threads: .exactly(threads))
        control.minimumChunk = 1
        return try? control.run(Meeting(everyone: Rendezvous(threads)), start: 0, size: threads)
      }
      // the types, which a forked child must find made
      #expect(meet(2) != nil)
      // In a child, where no other thread can be that would have a heap of its own meanwhile.
      let mebibytes = try exitStatus {
        let futureToo: Int32 = 2
        guard mlockall(futureToo) == 0, let before = lockedBytes() else { return 250 }
        guard let outcome = meet(5), outcome.threads.map(\.chunks) == [1, 1, 1, 1, 1] else { return 251 }
        guard let after = lockedBytes() else { return 252 }
        return Int32(min(after - before, 240 << 20) >> 20)
      }
      #expect(mebibytes < 4 * 2, "for 4 helpers")
    }
  }
}

/// Work that allocates nothing; every thread has a chunk.
private struct Meeting: TaskWork {
  let iterator = IntegerIterator<Int>()
  let everyone: Rendezvous
  func run(from start: Int, to end: Int) { everyone.meet() }
}

private func lockedBytes() -> Int? {
  let lines = SystemFiles().text("/proc/self/status")?.split(separator: "\n") ?? []
  let line = lines.first { $0.hasPrefix("VmLck:") }
  return line?.split(separator: " ", omittingEmptySubsequences: true).compactMap { Int($0) }.first.map { $0 << 10 }
}
