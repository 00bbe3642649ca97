import LinuxSystem
import Testing

@Suite("A running process")
struct RunningProcessTests {
  @Test(
    "is told from a thread of the kernel by its flags, whatever it is called",
    arguments: [
      ("4711 (sleep) S 1 4711 4711 0 -1 4194304 90", RunningProcess.Kind.program),
      ("2 (kthreadd) S 0 0 0 0 -1 2129984 0", .kernelThread),
      ("9 (a) Z 2 (b) S 1 9 9 0 -1 4194304 0", .program),
      ("9 (a) Z 1 9 9 0 -1 4194304 0", .zombie), ("9 (a) X 1 9 9 0 -1 4194304 0", .zombie),
      ("9 (a) S 1 9", nil), ("9", nil), ("", nil),
    ])
  func kinds(text: String, kind: RunningProcess.Kind?) {
    #expect(RunningProcess.Kind(stat: text) == kind)
  }

  @Test("is held by a descriptor of its own")
  func this() throws {
    let number = try #require(SystemFiles().linkedName("/proc/self").flatMap { Int($0) })
    let process = try RunningProcess(number)
    let (hasEnded, kind) = (process.hasEnded, process.kind)
    #expect(!hasEnded && kind == .program)
    let had = try ProcessFiles.of(process)
    #expect(had.descriptors.contains(0))
    #expect(had.mappings.contains { !$0.isShared && $0.name.hasPrefix("/") })
  }

  @Test("is none where the number is none that a process can have", arguments: [Int.max, 1 << 40, 99_999_999])
  func missing(number: Int) {
    do throws(Errno) {
      _ = try RunningProcess(number)
      Issue.record("there is one")
    } catch {
      #expect(error == .noProcess)
    }
  }
}
