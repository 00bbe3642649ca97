@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite(
    "A QEMU that runs already", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
    .enabled(if: Host.has("qemu-system-x86_64"), "needs qemu-system-x86_64"))
  struct RunningMachineTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    static let backends = [
      "memory-backend-memfd", "memory-backend-memfd,hugetlb=on,hugetlbsize=2M", "memory-backend-ram,share=on",
      "memory-backend-file,share=on,mem-path=FOLDER/vm", "memory-backend-file,share=on,mem-path=FOLDER",
    ]

    /// Its processors run the firmware, which waits for a disk.
    @Test("has its shared memory made ready, of whatever backend, and runs on", arguments: backends)
    func filled(backend: String) throws {
      try scratch.reserve(128, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      let machine = try Child([
        "qemu-system-x86_64", "-m", "256M", "-nodefaults", "-display", "none", "-machine", "q35,memory-backend=mem",
        "-object", "\(backend.replacing("FOLDER", with: folder)),id=mem,size=256M,prealloc=off",
        "-serial", "file:\(scratch.file("serial"))", "-pidfile", scratch.file("number"),
      ])
      machine.wait { Host.text(scratch.file("number")) != "" }
      let ended = try ktaskctl("prefault", "--pid", "\(machine.pid)", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.files.first?.bytes == 256 << 20)
      #expect(document.verified?.residentBytes ?? 0 >= 256 << 20)
      #expect(document.files.first?.addedBytes ?? 0 > 128 << 20, "\(document.files)")
      #expect(try ktaskctl("prefault", "--pid", "\(machine.pid)").out.contains("256 MiB resident already"))
      #expect(!machine.hasEnded)
    }

    @Test("is told to share its memory where it does not")
    func privately() throws {
      let machine = try Child([
        "qemu-system-x86_64", "-m", "64M", "-nodefaults", "-display", "none", "-S", "-pidfile", scratch.file("number"),
      ])
      machine.wait { Host.text(scratch.file("number")) != "" }
      let ended = try ktaskctl("prefault", "--pid", "\(machine.pid)")
      #expect(ended.status == 8, "\(ended.err)")
      #expect(ended.remedy?.contains("share=on") == true)
    }
  }
}
