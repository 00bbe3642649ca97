import Testing

extension ProgramTests {
  @Suite("libvirt's hook, without libvirt", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct LibvirtHookTests {
    let scratch: Scratch
    let folder: String
    private let recipe: Recipe
    private var ready: String { folder + "/guest.ready" }
    private var used: String { folder + "/guest.used" }

    init() throws {
      scratch = try Scratch()
      folder = try scratch.tmpfs(mebibytes: 80)
      recipe = try Recipe("libvirt-hook", scratch)
      try tool("mkdir", "-p", folder + "/libvirt/qemu")
      _ = Host.write("#a = 1\nmemory_backing_dir = \"\(folder)\"\n", to: scratch.file("qemu.conf"))
    }

    /// As libvirt calls it.
    private func call(_ operation: String, _ source: String = "file", kib: Int = 65536) throws -> Ended {
      let xml = """
        <domain type='qemu' id='7'>
          <memory unit='KiB'>\(kib)</memory>
          <memoryBacking>
            <source type='\(source)'/>
            <access mode='shared'/>
        """
      #expect(Host.write(xml, to: scratch.file("guest.xml")))
      let line = "exec bash \(recipe.path) guest \(operation) < \(scratch.file("guest.xml"))"
      return try recipe.shell(line, variables: ["QEMU_CONF=\(scratch.file("qemu.conf"))"])
    }

    @Test("makes the file that QEMU is to find, and clears it at the end, unless somebody has it")
    func one() throws {
      #expect(try call("prepare begin -").status == 0)
      #expect(FileFacts(used)?.allocated == 64 << 20 && FileFacts(ready) == nil)
      let link = folder + "/libvirt/qemu/7-guest/pc.ram"
      #expect(try tool("stat", "--format", "%i", used) == tool("stat", "--format", "%i", link))
      try Content(used).write(0..<4 << 20)
      // as libvirt does at the end
      try tool("rm", "-r", folder + "/libvirt/qemu/7-guest")
      do {
        let other = try Content(used)
        #expect(try call("release end -").status == 7)
        #expect(other.isWritten(0..<4 << 20))
      }
      #expect(try call("release end -").status == 0)
      #expect(try FileFacts(used) == nil && Content(ready).isZero)
      #expect(try call("release end -").status == 0, "nothing is left to be cleared")
    }

    @Test("clears before a start what a host that crashed has left")
    func crash() throws {
      #expect(try call("prepare begin -").status == 0)
      try Content(used).write(0..<4 << 20)
      #expect(try call("prepare begin -").status == 0)
      #expect(try Content(used).isZero)
    }

    @Test("takes the file from a stock, where there is one, and gives it back")
    func stock() throws {
      let stock = folder + "/stock"
      try tool("mkdir", "--mode", "700", stock)
      #expect(try ktaskctl("stock", "--size", "64M", "--quiet", stock).status == 0)
      #expect(try tool("ls", stock).hasPrefix("ready-64M-any-"))
      #expect(try call("prepare begin -").status == 0, "no room for another one")
      #expect(try FileFacts(used)?.allocated == 64 << 20 && tool("ls", stock) == "")
      try Content(used).write(0..<4 << 20)
      try tool("rm", "-r", folder + "/libvirt/qemu/7-guest")
      #expect(try call("release end -").status == 0)
      #expect(try tool("ls", stock).hasPrefix("returned-64M-any-"))
      #expect(FileFacts(used) == nil && FileFacts(ready) == nil)
    }

    @Test("fails the start where memory is short, and leaves other machines alone")
    func others() throws {
      #expect(try call("prepare begin -", kib: 1 << 20).status == 3)
      #expect(try call("prepare begin -", "anonymous").status == 0)
      #expect(FileFacts(used) == nil && FileFacts(ready) == nil)
    }
  }
}
