import Glibc

/// The machines that the host side boots, by the names it gives them.
enum GuestMachine: String, CaseIterable, Sendable {
  /// Two nodes with two CPUs and 4 GiB each; Debian's kernel, VFIO.
  case twoNodes = "two-nodes"
  /// Two nodes with two CPUs, a small one with two, and one without CPUs, which is nearest to the small one.
  case fourNodes = "four-nodes"
  /// As `twoNodes`, with a kernel that has IOMMUFD.
  case iommufd
  /// A small one without interrupt remapping, for little else than being refused.
  case noRemapping = "no-remapping"
  /// As `noRemapping`, with a kernel that has IOMMUFD.
  case iommufdNoRemapping = "iommufd-no-remapping"

  /// Those that all tests are for that do not say so.
  static let whole: [GuestMachine] = [.twoNodes, .fourNodes, .iommufd]

  var nodes: Int {
    switch self {
    case .twoNodes, .iommufd: 2
    case .fourNodes: 4
    case .noRemapping, .iommufdNoRemapping: 1
    }
  }
}

/// A sentence that holds, and how to see it.
struct GuestTest: Sendable {
  let name: String
  let machines: [GuestMachine]
  let body: @Sendable (Test) throws -> Void

  init(
    _ name: String, on machines: [GuestMachine] = GuestMachine.whole,
    _ body: @escaping @Sendable (Test) throws -> Void
  ) {
    self.name = name
    self.machines = machines
    self.body = body
  }
}

/// A running test: where it notes what does not hold.
final class Test {
  let machine: GuestMachine
  private(set) var failures: [String] = []

  init(_ machine: GuestMachine) { self.machine = machine }

  /// Notes `why` unless it holds, and goes on.
  func expect(_ holds: Bool, _ why: @autoclosure () -> String) {
    if !holds { failures.append(why()) }
  }

  /// Ends the test as failed unless it holds.
  func demand(_ holds: Bool, _ why: @autoclosure () -> String) throws(TestEnd) {
    if !holds { throw .failed(why()) }
  }

  /// What must be there; ends the test as failed where it is not.
  func demand<Value>(_ value: Value?, _ why: @autoclosure () -> String) throws(TestEnd) -> Value {
    guard let value else { throw .failed(why()) }
    return value
  }

  /// Does again what can be over before it is seen, on a busy machine, until `body` says that it was.
  func demandSeen(_ what: String, _ body: () throws -> Bool) throws {
    for _ in 0..<20 {
      if try body() { return }
    }
    throw TestEnd.failed("not seen: \(what)")
  }

  /// Ends the test as skipped unless the machine has what it needs.
  func need(_ holds: Bool, _ reason: @autoclosure () -> String) throws(TestEnd) {
    if !holds { throw .skipped(reason()) }
  }
}

/// Why a test ended before its last line.
enum TestEnd: Error {
  case failed(String)
  case skipped(String)

  /// A system call of the test's own that failed.
  static func errno(_ what: String) -> TestEnd { unsafe .failed("\(what): \(String(cString: strerror(Glibc.errno)))") }
}

/// Runs the tests for a machine one after the other and reports them.
struct TestRun {
  private let tests: [GuestTest]
  private let machine: GuestMachine

  /// `only`: words, joined by `_`, of the sentences that are to run; nil or none for all.
  init(_ tests: [GuestTest], on machine: GuestMachine, only: String? = nil) {
    let wanted = only.map { $0.split(separator: "_").joined(separator: " ") } ?? ""
    self.tests = tests.filter { $0.machines.contains(machine) && (wanted.isEmpty || $0.name.contains(wanted)) }
    self.machine = machine
  }

  /// False where one failed.
  func run() -> Bool {
    Report.begin(tests.count)
    var failed = 0
    for test in tests {
      Heartbeat.beat()
      if !run(test) { failed += 1 }
    }
    Report.end(tests.count)
    return failed == 0
  }

  private func run(_ test: GuestTest) -> Bool {
    Report.started(test.name)
    let running = Test(machine)
    let began = Clock.seconds
    var failures: [String] = []
    do {
      try test.body(running)
    } catch TestEnd.skipped(let reason) where running.failures.isEmpty {
      Report.skipped(test.name, because: reason)
      return true
    } catch TestEnd.failed(let why) {
      failures = [why]
    } catch {
      failures = ["\(error)"]
    }
    failures = running.failures + failures
    Report.ended(test.name, seconds: Clock.seconds - began, failures: failures)
    return failures.isEmpty
  }
}
