import LinuxSystem
import TestSupport
import Testing

@Suite("A virtual machine")
struct VirtualMachineTests {
  @Test(
    "is one whose processor says so",
    arguments: [
      ("processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n", true), ("flags\t\t: fpu vme lahf_lm\n", false),
      ("model name\t: hypervisor\n", false), ("", false),
    ])
  func flag(text: String, isOne: Bool) throws {
    let tree = try FileTree(["/proc/cpuinfo": text])
    #expect(try VirtualMachine.isThis(tree.files) == isOne)
    withExtendedLifetime(tree) {}
  }

  @Test("is not known without /proc")
  func unknown() {
    #expect(throws: Unreadable.self) { try VirtualMachine.isThis(SystemFiles(root: "/nowhere")) }
  }
}
