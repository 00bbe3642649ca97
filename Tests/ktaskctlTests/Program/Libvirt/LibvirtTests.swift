import Foundation
@unsafe @preconcurrency import Glibc
import TestSupport
import Testing

extension ProgramTests {
  @Suite("Machines of libvirt", .enabled(if: Libvirt.isHere, "\(Libvirt.need)"))
  struct LibvirtTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static let bytes = 128 << 20
    private static let shared = "<access mode='shared'/>"
    private static let file = "<source type='file'/>\(shared)<allocation mode='immediate' threads='2'/>"
    private static let memfd = "<source type='memfd'/>\(shared)"

    private func libvirt(_ folder: String) throws -> Libvirt {
      try Libvirt(scratch, memory: folder, hook: Recipe("libvirt-hook", scratch))
    }

    /// With room for two machines.
    private func folder(_ kind: String) throws -> String {
      if kind == "tmpfs" { return try scratch.tmpfs(mebibytes: 300) }
      try scratch.reserve(128, of: .mebibytes2)
      return try scratch.hugetlbfs(.mebibytes2)
    }

    /// Somewhere in the middle, where no firmware writes.
    private static let written = 64 << 20..<66 << 20

    @Test(
      "have their memory before they start, and it is clean for the next start, however they end",
      arguments: ["tmpfs", "hugetlbfs"])
    func ready(kind: String) throws {
      let folder = try folder(kind)
      let libvirt = try libvirt(folder)
      let guest = try libvirt.define("guest", Self.file, mebibytes: 128)
      let used = folder + "/guest.used"

      func starts() throws {
        let ended = try guest.start()
        #expect(try ended.status == 0 && guest.state == "running", "\(ended.err)")
        #expect(FileFacts(used)?.allocated == Self.bytes)
        #expect(try guest.maps("-guest/pc.ram"))
      }
      func isClean() throws {
        let ready = folder + "/guest.ready"
        guest.wait { FileFacts(ready) != nil }
        #expect(FileFacts(used) == nil && FileFacts(ready)?.allocated == Self.bytes)
        #expect(try Content(ready).isZero)
      }

      try starts()
      try Content(used).write(Self.written)
      #expect(try guest.start().err.contains("already active"))
      #expect(try Content(used).isWritten(Self.written), "a second start touches nothing")
      #expect(try guest.destroy().status == 0)
      try isClean()

      try starts()
      try Content(used).write(Self.written)
      try guest.crash()
      try isClean()

      try starts()
      try Content(used).write(Self.written)
      #expect(try guest.save().status == 0)
      try isClean()
      try starts()
      #expect(try Content(used).isWritten(Self.written), "it goes on with what it had")
      #expect(try guest.destroy().status == 0)
      try isClean()
    }

    @Test("do not start where there is not enough memory, and virsh shows why")
    func shortage() throws {
      let folder = try scratch.tmpfs(mebibytes: 100)
      let guest = try libvirt(folder).define("guest", Self.file, mebibytes: 128)
      let ended = try guest.start()
      #expect(ended.status != 0)
      #expect(ended.err.contains("ktaskctl: \(folder)/guest.ready: needs 128 MiB more on its tmpfs"), "\(ended.err)")
      #expect(try guest.state == "shut off")
      #expect(FileFacts(folder + "/guest.ready") == nil && FileFacts(folder + "/guest.used") == nil)
    }

    @Test("run at once on a memfd, which fills up behind them, at every start")
    func filled() throws {
      let guest = try libvirt(scratch.tmpfs(mebibytes: 8)).define("guest", Self.memfd, mebibytes: 128)
      func startsAndFills() throws {
        let ended = try guest.start()
        #expect(try ended.status == 0 && guest.state == "running", "\(ended.err)")
        let process = "\(try guest.process)"
        try guest.wait { try ktaskctl("prefault", "--pid", process, "--dry-run").out.contains("128 MiB there") }
        let ended2 = try ktaskctl("prefault", "--pid", process, "--json")
        #expect(try ended2.document().files.first?.alreadyResidentBytes == Self.bytes, "\(guest.log)")
      }
      try startsAndFills()
      #expect(try guest.destroy().status == 0)
      try startsAndFills()
      try guest.crash()
      try startsAndFills()
      #expect(try guest.save().status == 0)
      try startsAndFills()
      #expect(try guest.destroy().status == 0)
    }

    @Test("start by the wrapper, too", .enabled(if: Preloaded.isBuilt, Preloaded.need))
    func wrapped() throws {
      let bin = scratch.file("bin")
      try tool("mkdir", bin)
      try tool("cp", BuiltProgram.path, bin + "/ktaskctl")
      try Preloaded.install(beside: bin)
      let source = Checkout.folder.appending(path: "Sources/Packaging/qemu-run.sh")
      let wrapper = bin + "/qemu-system-x86_64"
      try Data(String(contentsOf: source, encoding: .utf8).replacing("@BIN@", with: bin).utf8)
        .write(to: URL(filePath: wrapper))
      try tool("chmod", "755", bin, bin + "/../lib", bin + "/../lib/ktask", bin + "/ktaskctl", wrapper)
      let libvirt = try libvirt(scratch.tmpfs(mebibytes: 8))
      let guest = try libvirt.define(
        "guest", "<allocation mode='immediate' threads='2'/>", mebibytes: 128, emulator: wrapper)
      func starts() throws {
        let ended = try guest.start()
        #expect(try ended.status == 0 && guest.state == "running", "\(ended.err)")
        #expect(try guest.maps("libktask-run.so"), "\(guest.log)")
      }
      try starts()
      #expect(try guest.destroy().status == 0)
      try starts()
      try guest.crash()
      try starts()
      #expect(try guest.save().status == 0)
      try starts()
      #expect(try guest.destroy().status == 0)
    }

    /// Figures, and no test of anything: minutes under emulation.
    @Test(
      "run after so much time",
      .enabled(if: ProcessInfo.processInfo.environment["LIBVIRT_TIMES"] != nil, "asked for by LIBVIRT_TIMES"))
    func times() throws {
      let libvirt = try libvirt(scratch.tmpfs(mebibytes: 1100))
      let machines = try [
        (
          "immediate, 2 threads", libvirt.define("plain", "<allocation mode='immediate' threads='2'/>", mebibytes: 1024)
        ),
        ("ready in its file", libvirt.define("ready", Self.file, mebibytes: 1024)),
        ("filled behind it", libvirt.define("filled", Self.memfd, mebibytes: 1024)),
      ]
      var times = [[Double]](repeating: [], count: machines.count)
      // in turns; in the first the file is made
      for round in 0...3 {
        for (index, (_, machine)) in machines.enumerated() {
          let ended = try machine.start()
          #expect(ended.status == 0, "\(ended.err)")
          if round > 0 { times[index].append(ended.seconds) }
          #expect(try machine.destroy().status == 0)
        }
      }
      for (index, (name, _)) in machines.enumerated() {
        let sorted = times[index].sorted().map { Int($0 * 1000) }
        print("virsh start of 1 GiB, \(name): median \(sorted[1]) ms of \(sorted)")
      }
    }
  }
}
