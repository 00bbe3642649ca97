import Foundation
@unsafe @preconcurrency import Glibc
import TestSupport
import Testing

extension ProgramTests {
  @Suite("Machines of libvirt", .enabled(if: Libvirt.isHere, "\(Libvirt.need)"))
  struct LibvirtTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static let bytes = 64 << 20
    private static let shared = "<access mode='shared'/>"
    private static let file = "<source type='file'/>\(shared)<allocation mode='immediate' threads='2'/>"
    private static let memfd = "<source type='memfd'/>\(shared)"

    private func libvirt(_ folder: String, hugetlbfs: String? = nil) throws -> Libvirt {
      try Libvirt(scratch, memory: folder, hook: Recipe("libvirt-hook", scratch), hugetlbfs: hugetlbfs)
    }

    /// With room for two machines.
    private func folder(_ kind: String) throws -> String {
      if kind == "tmpfs" { return try scratch.tmpfs(mebibytes: 150) }
      try scratch.reserve(64, of: .mebibytes2)
      return try scratch.hugetlbfs(.mebibytes2)
    }

    private func starts(_ guest: Libvirt.Machine) throws {
      let ended = try guest.start()
      #expect(try ended.status == 0 && guest.state == "running", "\(ended.err)\(guest.log)")
    }

    /// A machine, and the file that the hook keeps for it.
    private struct Kept {
      let guest: Libvirt.Machine
      let used: String
      let ready: String

      /// Somewhere in the middle, where no firmware writes.
      private static let written = 32 << 20..<34 << 20

      init(_ guest: Libvirt.Machine, in folder: String) {
        (self.guest, used, ready) = (guest, folder + "/guest.used", folder + "/guest.ready")
      }

      func write() throws { try Content(used).write(Self.written) }
      var isWritten: Bool { get throws { try Content(used).isWritten(Self.written) } }

      func isInUse() throws {
        #expect(FileFacts(used)?.allocated == LibvirtTests.bytes)
        #expect(try guest.maps("-guest/pc.ram"))
      }

      func becomesClean() throws {
        guest.wait { FileFacts(ready) != nil }
        #expect(FileFacts(used) == nil && FileFacts(ready)?.allocated == LibvirtTests.bytes)
        #expect(try Content(ready).isZero)
      }
    }

    @Test(
      "have their memory before they start, and it is clean for the next start, however they end",
      arguments: ["tmpfs", "hugetlbfs"])
    func ready(kind: String) throws {
      let folder = try folder(kind)
      let libvirt = try libvirt(folder)
      let kept = Kept(try libvirt.define("guest", Self.file, mebibytes: 64), in: folder)
      func runs() throws {
        try starts(kept.guest)
        try kept.isInUse()
      }

      try runs()
      try kept.write()
      #expect(try kept.guest.start().err.contains("already active"))
      #expect(try kept.isWritten, "a second start touches nothing")
      #expect(try kept.guest.destroy().status == 0)
      try kept.becomesClean()

      try runs()
      try kept.write()
      try kept.guest.crash()
      try kept.becomesClean()

      try runs()
      try kept.write()
      #expect(try kept.guest.save().status == 0)
      try kept.becomesClean()
      try runs()
      #expect(try kept.isWritten, "it goes on with what it had")
      #expect(try kept.guest.destroy().status == 0)
      try kept.becomesClean()
    }

    /// Two nodes of the machine's, on one of the host's.
    private static let nodes = """
      <numatune><memory mode='strict' nodeset='0'/></numatune>
      <cpu><numa>
        <cell id='0' cpus='0' memory='32' unit='MiB'/><cell id='1' cpus='1' memory='32' unit='MiB'/>
      </numa></cpu>
      """

    @Test("with two nodes have two files, out of a stock where there is one, which go back there")
    func nodes() throws {
      let folder = try folder("tmpfs")
      let stock = folder + "/stock"
      try tool("mkdir", "--mode", "700", stock)
      func fill() throws {
        let ended = try ktaskctl("stock", stock, "--size", "32M", "--nodes", "0", "--count", "2", "--quiet")
        #expect(ended.status == 0, "\(ended.err)")
        #expect(try ktaskctl("verify", stock, "--zero", "--nodes", "0").status == 0)
      }
      func names(_ state: String) throws -> Int {
        try tool("ls", stock).split(separator: "\n").count { $0.hasPrefix(state) }
      }

      let guest = try libvirt(folder).define("guest", Self.file, nodes: Self.nodes, mebibytes: 64)
      for isCrash in [true, false] {
        try fill()
        try starts(guest)
        #expect(try names("") == 0, "they are taken from the stock")
        for ram in ["ram-node0", "ram-node1"] {
          #expect(try guest.maps("-guest/" + ram))
          let used = "\(folder)/guest.\(ram).used"
          #expect(FileFacts(used)?.allocated == 32 << 20)
          try Content(used).write(16 << 20..<18 << 20)
        }
        if isCrash { try guest.crash() } else { #expect(try guest.destroy().status == 0) }
        try guest.wait { try names("returned-32M-any-") == 2 }
        #expect(try tool("ls", folder) == "libvirt\nstock\n")
      }
    }

    @Test("with <hugepages/> are left to libvirt", arguments: [file, memfd])
    func hugePages(source: String) throws {
      try scratch.reserve(36, of: .mebibytes2)
      let folder = try scratch.tmpfs(mebibytes: 80)
      let libvirt = try libvirt(folder, hugetlbfs: scratch.hugetlbfs(.mebibytes2))
      let guest = try libvirt.define("guest", "<hugepages/>" + source, mebibytes: 64)
      try starts(guest)
      #expect(HugePage.mebibytes2.available == 4, "QEMU has preallocated it")
      #expect(FileFacts(folder + "/guest.used") == nil && FileFacts(folder + "/guest.ready") == nil)
      #expect(try guest.destroy().status == 0)
    }

    @Test("do not start where there is not enough memory, and virsh shows why")
    func shortage() throws {
      let folder = try scratch.tmpfs(mebibytes: 50)
      let guest = try libvirt(folder).define("guest", Self.file, mebibytes: 64)
      let ended = try guest.start()
      #expect(ended.status != 0)
      #expect(ended.err.contains("ktaskctl: \(folder)/guest.ready: needs 64 MiB more on its tmpfs"), "\(ended.err)")
      #expect(try guest.state == "shut off")
      #expect(FileFacts(folder + "/guest.ready") == nil && FileFacts(folder + "/guest.used") == nil)
    }

    @Test("run at once on a memfd, which fills up behind them, at every start")
    func filled() throws {
      let guest = try libvirt(scratch.tmpfs(mebibytes: 8)).define("guest", Self.memfd, mebibytes: 64)
      func startsAndFills() throws {
        try starts(guest)
        let process = "\(try guest.process)"
        try guest.wait { try ktaskctl("prefault", "--pid", process, "--dry-run").out.contains("64 MiB there") }
        let ended = try ktaskctl("prefault", "--pid", process, "--json")
        #expect(try ended.document().files.first?.alreadyResidentBytes == Self.bytes, "\(guest.log)")
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

    /// The wrapper of the package, where only this libvirt sees it: what that has found out of another one is no use to it.
    private func install(in libvirt: Libvirt) throws -> String {
      let bin = "/run/libvirt/package/bin"
      let outside = libvirt.file(bin)
      try tool("mkdir", "-p", outside)
      try tool("cp", BuiltProgram.path, outside + "/ktaskctl")
      try Preloaded.install(beside: outside)
      let source = Checkout.folder.appending(path: "Sources/Packaging/qemu-run.sh")
      let wrapper = "/qemu-system-x86_64"
      try Data(String(contentsOf: source, encoding: .utf8).replacing("@BIN@", with: bin).utf8)
        .write(to: URL(filePath: outside + wrapper))
      let parts = [outside, outside + "/../lib", outside + "/../lib/ktask", outside + "/ktaskctl", outside + wrapper]
      for part in parts { try tool("chmod", "755", part) }
      return bin + wrapper
    }

    @Test("start by the wrapper, too", .enabled(if: Preloaded.isBuilt, Preloaded.need))
    func wrapped() throws {
      let libvirt = try libvirt(scratch.tmpfs(mebibytes: 8))
      let guest = try libvirt.define(
        "guest", "<allocation mode='immediate' threads='2'/>", mebibytes: 64, emulator: install(in: libvirt))
      func runs() throws {
        try starts(guest)
        #expect(try guest.maps("libktask-run.so"), "\(guest.log)")
      }
      try runs()
      #expect(try guest.destroy().status == 0)
      try runs()
      try guest.crash()
      try runs()
      #expect(try guest.save().status == 0)
      try runs()
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
