import CCounting
import Glibc
import KTask
import LinuxSystem
import Synchronization
import Testing

/// Helpers as threads, seen from /proc. Other tests run helpers, too: those that count them have a process to
/// themselves.
@Suite("Helpers")
struct HelperTests {
  @Test("all exist, and are on their nodes' CPUs, when the first chunk is handed out", TwoCPUs.needed)
  func existBeforehand() async {
    await #expect(processExitsWith: .success) {
      let isFirst = Atomic<Bool>(true)
      let isSeen = Event()
      let places = Guarded<[CPUSet?]>([])
      let work = RecordedWork { _ in
        if isFirst.exchange(false, ordering: .relaxed) {
          let found = helperThreads().map(allowedCPUs(ofThread:))
          places.withLock { $0 = found }
          isSeen.happen()
        }
        isSeen.wait()
      }
      let outcome = try TwoCPUs.onNode0 {
        try TaskControl.madeUp(threads: .exactly(8), machine: TwoCPUs.machine)
          .run(work, nodeTasks: [.init(start: 0, size: 100, node: 0), .init(start: 100, size: 100, node: 1)])
      }
      #expect(outcome.threads.count == 8)
      let found = places.withLock { $0 }
      #expect(found.count == 7)
      // the caller is one of node 0's four threads
      #expect(found.count { $0 == TwoCPUs.all[0] } == 3)
      #expect(found.count { $0 == TwoCPUs.all[1] } == 4)
    }
  }

  @Test("are the same threads from one task to the next")
  func areReused() async {
    await #expect(processExitsWith: .success) {
      let control = { TaskControl.madeUp(threads: .exactly($0)) }
      #expect(helperThreads().isEmpty)
      _ = try control(4).run(RecordedWork(), start: 0, size: 100)
      let helpers = Set(helperThreads())
      #expect(helpers.count == 3)
      for threads in [4, 2, 3, 1, 4] { _ = try control(threads).run(RecordedWork(), start: 0, size: 100) }
      #expect(Set(helperThreads()) == helpers)
      _ = try control(6).run(RecordedWork(), start: 0, size: 100)
      #expect(helperThreads().count == 5)
      #expect(helpers.isSubset(of: helperThreads()))
    }
  }

  @Test("go to the CPUs of the node whose work they take on when their own node's is done", TwoCPUs.needed)
  func move() throws {
    let visit = try Visit.run(visitor: .helper)
    #expect(visit.places[.helper] == [0: [TwoCPUs.all[0]], 1: [TwoCPUs.all[1]]])
    #expect(visit.outcome.threads.map(\.moves) == [0, 1])
    #expect(visit.outcome.threads[1].node == 0)
  }

  @Test("move, but their caller never does, though it takes other nodes' chunks", TwoCPUs.needed)
  func leaveTheCaller() throws {
    let visit = try Visit.run(visitor: .caller)
    #expect(visit.places[.caller] == [0: [TwoCPUs.all[0]], 1: [TwoCPUs.all[0]]])
    #expect(visit.outcome.threads.map(\.moves) == [1, 0])
    #expect(visit.callersCPUs == TwoCPUs.all[0])
  }

  @Test(
    "of a task without node tasks are on their caller's node, those of a node task of none anywhere", TwoCPUs.needed)
  func ofTheCallersNode() throws {
    let (own, none) = try TwoCPUs.onNode0 {
      let budget = HelperBudget(limit: 4, nodeLimits: [0: 4, 1: 4])
      let control = TaskControl.madeUp(threads: .exactly(2), machine: TwoCPUs.machine, budget: budget)
      let caller = DetachedThread.currentID
      /// The node of the task's helper, and the CPUs that it might use.
      func run(_ start: (RecordedWork) throws -> TaskOutcome<Int, Trouble>) throws -> (Int?, CPUSet?) {
        let everyone = Rendezvous(2)
        let cpus = Guarded<CPUSet?>(nil)
        let work = RecordedWork { _ in
          let allowed = try? CPUSet.allowed()
          if DetachedThread.currentID != caller { cpus.withLock { $0 = allowed } }
          everyone.meet()
        }
        return (try start(work).threads[1].node, cpus.withLock { $0 })
      }
      return (
        try run { try control.run($0, start: 0, size: 2) },
        try run { try control.run($0, nodeTasks: [.init(start: 0, size: 2)]) }
      )
    }
    #expect(own == (0, TwoCPUs.all[0]))
    #expect(none == (nil, TwoCPUs.all[0].union(TwoCPUs.all[1])))
  }

  @Test("run anywhere that the caller may where their node has no permit left", TwoCPUs.needed)
  func runAnywhere() throws {
    let visit = try Visit.run(visitor: .caller, nodeLimits: [0: 0, 1: 0])
    #expect(visit.places[.helper]?[1] == [TwoCPUs.all[0].union(TwoCPUs.all[1])])
    #expect(visit.outcome.threads[1].node == nil)
  }

  /// The kernel's version looked the limit up with the number of the node left behind, here none.
  @Test("that ran anywhere take a permit of the node that they go to", TwoCPUs.needed)
  func moveFromNowhere() throws {
    let visit = try Visit.run(visitor: .helper, nodeLimits: [0: 1, 1: 0])
    #expect(visit.places[.helper] == [0: [TwoCPUs.all[0]], 1: [TwoCPUs.all[0].union(TwoCPUs.all[1])]])
    #expect(visit.outcome.threads[1].node == 0)
  }

  /// A bound on the address space leaves no room for another thread's stack; a sanitizer has one of its own.
  @Test("are as many as the system lets start", .enabled(if: counting_is_possible(), "a sanitizer needs the space"))
  func areAsManyAsCanBe() async {
    await #expect(processExitsWith: .success) {
      let work = RecordedWork()
      var few = TaskControl.madeUp(threads: .exactly(3))
      few.helperStack = 8 << 20
      _ = try few.run(work, start: 0, size: 100)
      let pages = SystemFiles().text("/proc/self/statm")?.split(separator: " ").first.flatMap { rlim_t($0) }
      var limit = rlimit(rlim_cur: try #require(pages) * 4096 + 4 << 20, rlim_max: .max)
      #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
      var control = TaskControl.madeUp(threads: .exactly(8))
      control.helperStack = 8 << 20
      let outcome = try control.run(work, start: 100, size: 100)
      #expect(outcome.threads.count == 3)
      #expect(outcome.bounds.contains(Bound(.threadCreation, 3)))
      #expect(outcome.end == .finished)
      #expect(control.budget.running() == 0)
    }
  }

  @Test("take no signals: those go to the threads that the program chose")
  func takeNoSignals() throws {
    let masks = Guarded<[Bool]>([])
    let everyone = Rendezvous(3)
    let caller = DetachedThread.currentID
    let work = RecordedWork { _ in
      everyone.meet()
      if DetachedThread.currentID == caller { return }
      var mask = sigset_t()
      unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
      let isBlocked = unsafe sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGBUS) == 0
      masks.withLock { $0.append(isBlocked) }
    }
    _ = try TaskControl.madeUp(threads: .exactly(3)).run(work, start: 0, size: 3)
    #expect(masks.withLock { $0 } == [true, true])
  }
}

/// A task of two node tasks, each with a thread, one of which stays in its first chunk until the other, the visitor,
/// has come over to its node task.
private struct Visit: Sendable {
  enum Who { case caller, helper }

  /// The CPUs that each thread might use, in each node task.
  var places: [Who: [Int: Set<CPUSet>]]
  var outcome: TaskOutcome<Int, Trouble>
  var callersCPUs: CPUSet

  static func run(visitor: Who, nodeLimits: [Int: Int] = [0: 4, 1: 4]) throws -> Visit {
    try TwoCPUs.onNode0 {
      let places = Guarded<[Who: [Int: Set<CPUSet>]]>([:])
      let caller = DetachedThread.currentID
      let everyone = Rendezvous(2)
      let hasCome = Event()
      let work = RecordedWork { chunk in
        let who = DetachedThread.currentID == caller ? Who.caller : .helper
        let node = chunk.lowerBound / 100
        let cpus = (try? CPUSet.allowed()) ?? CPUSet()
        _ = places.withLock { $0[who, default: [:]][node, default: []].insert(cpus) }
        everyone.meet()
        if who == visitor, node == (visitor == .caller ? 1 : 0) { hasCome.happen() }
        if who != visitor { hasCome.wait() }
      }
      let budget = HelperBudget(limit: 4, nodeLimits: nodeLimits)
      let control = TaskControl.madeUp(threads: .exactly(2), machine: TwoCPUs.machine, budget: budget)
      let outcome = try control.run(
        work, nodeTasks: [.init(start: 0, size: 8, node: 0), .init(start: 100, size: 8, node: 1)])
      return Visit(places: places.withLock { $0 }, outcome: outcome, callersCPUs: try CPUSet.allowed())
    }
  }
}
