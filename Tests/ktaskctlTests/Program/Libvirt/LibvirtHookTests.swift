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
    private func call(
      _ operation: String, _ source: String = "file", kib: Int = 65536, more: String = ""
    ) throws -> Ended {
      let xml = """
        <domain type='qemu' id='7'>
          <memory unit='KiB'>\(kib)</memory>
          <memoryBacking>
            <source type='\(source)'/>
            <access mode='shared'/>
        \(more)
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

    @Test("makes a file for each of a machine's nodes, on the nodes of the host that it is bound to")
    func nodes() throws {
      func call(_ operation: String, on node: Int) throws -> Ended {
        let more = """
              <memory mode='strict' nodeset='0'/>
              <memnode cellid='1' mode='strict' nodeset='\(node)'/>
                <cell id='0' cpus='0' memory='32768' unit='KiB'/>
                <cell id='1' cpus='1' memory='16384' unit='KiB'>
          """
        return try self.call(operation, more: more)
      }
      let used = [folder + "/guest.ram-node0.used", folder + "/guest.ram-node1.used"]
      let ended = try call("prepare begin -", on: 0)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(used.map { FileFacts($0)?.allocated } == [32 << 20, 16 << 20])
      #expect(try tool("ls", folder + "/libvirt/qemu/7-guest") == "ram-node0\nram-node1\n")
      #expect(try ktaskctl("verify", "--nodes", "0", used[0], used[1]).status == 0)
      for file in used { try Content(file).write(0..<4 << 20) }
      #expect(try call("release end -", on: 0).status == 0)
      #expect(try used.allSatisfy { try Content($0.replacing(".used", with: ".ready")).isZero })
      let refused = try call("prepare begin -", on: 1000)
      #expect(refused.status == 8 && refused.err.contains("1000"), "\(refused.err)")
    }

    @Test("leaves a machine with <hugepages/> alone, whose memory QEMU makes itself")
    func hugePages() throws {
      #expect(try call("prepare begin -", more: "    <hugepages/>").status == 0)
      #expect(try tool("ls", folder) == "libvirt\n" && tool("ls", folder + "/libvirt/qemu") == "")
    }

    @Test("fails the start where memory is short, and leaves other machines alone")
    func others() throws {
      #expect(try call("prepare begin -", kib: 1 << 20).status == 3)
      #expect(try call("prepare begin -", "anonymous").status == 0)
      #expect(FileFacts(used) == nil && FileFacts(ready) == nil)
    }
  }
}
