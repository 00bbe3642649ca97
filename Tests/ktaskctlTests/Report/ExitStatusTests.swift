import LinuxSystem
import Testing

@testable import ktaskctl

@Suite("Exit statuses")
struct ExitStatusTests {
  @Test(
    "have the contract's numbers, and a word each",
    arguments: [
      (.done, 0, "done"), (.failed, 1, "failed"), (.notAsDemanded, 2, "not-as-demanded"), (.shortage, 3, "no-memory"),
      (.permission, 4, "permission"), (.hardwareMemory, 5, "hardware-memory-error"), (.timedOut, 6, "timed-out"),
      (.busy, 7, "busy"), (.notSupported, 8, "not-supported"), (.usage, 64, "usage"),
      (.cannotRun, 126, "command-not-run"), (.notFound, 127, "command-not-found"), (.signal(1), 129, "signal"),
      (.signal(2), 130, "signal"), (.signal(15), 143, "signal"),
    ] as [(Status, Int32, String)])
  func numbers(status: Status, number: Int32, code: String) {
    #expect(status.number == number)
    #expect(status.code == code)
  }

  @Test("a signal and the time limit are told with what was being done")
  func interruptions() {
    let hangup = Interruption.signal(1).failure("/m/f", nil)
    #expect(hangup == Told("/m/f", "ended by SIGHUP", .signal(1)))
    let late = Interruption.timeout.failure("anonymous memory", TimeSpan(nanoseconds: 1_500_000_000))
    #expect(late == Told("anonymous memory", "timed out after 1.500 s", .timedOut))
  }

  @Test("a COMMAND that is not there has another status than one that cannot be run")
  func commands() {
    let missing = Told(command: "a b", .noEntry)
    #expect(missing.exitStatus == .notFound && missing.code == "command-not-found" && missing.path == "a b")
    #expect(missing.lines == ["ktaskctl: a b: cannot be run: No such file or directory (ENOENT)"])
    let refused = Told(command: "/bin", .access)
    #expect(refused.exitStatus == .cannotRun && refused.code == "command-not-run" && refused.errno == .access)
  }
}
