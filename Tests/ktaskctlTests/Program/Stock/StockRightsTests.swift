import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("Who may do what with a file of a stock", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct StockRightsTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// "1234:4242 660".
    private static func rights(_ path: String) throws -> String {
      try tool("stat", "-c", "%u:%g %a", path).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test("nothing of what its former user was is left to the next one", arguments: ["tmpfs", "hugetlbfs"])
    func formerUser(kind: String) throws {
      let stock = try StockFolder(scratch, on: kind)
      let own = "\(geteuid()):\(getegid())"
      try stock.fill(1)
      #expect(try stock.take("vm", "--owner", "1234:4242", "--mode", "660").status == 0)
      #expect(try Self.rights(stock.beside("vm")) == "1234:4242 660")
      #expect(try stock.giveBack("vm").status == 0)
      let returned = try #require(stock.names("returned-").first)
      #expect(try Self.rights(stock.path + "/" + returned) == own + " 600")
      try stock.fill(1)
      #expect(try stock.take("vm", "--mode", "660").out.contains("taken from"))
      #expect(try Self.rights(stock.beside("vm")) == own + " 660")
    }

    @Test("a file is its directory's group's where that has it so, taken as made")
    func directorysGroup() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try tool(
        "sh", "-c", "mkdir \(stock.beside("d")); chgrp 4242 \(stock.beside("d")); chmod 2770 \(stock.beside("d"))")
      try stock.fill(1)
      #expect(try stock.take("d/vm").out.contains("taken from"))
      #expect(try stock.take("d/made").out.contains("made: "))
      #expect(try Self.rights(stock.beside("d/vm")) == "\(geteuid()):4242 600")
      #expect(try Self.rights(stock.beside("d/vm")) == Self.rights(stock.beside("d/made")))
    }

    @Test("what anybody could read is its owner's alone in the stock, and the user's again where it cannot come there")
    func returned() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      #expect(try stock.take("vm", "--owner", "1234:4242", "--mode", "644").status == 0)
      try StockFolder.soil(stock.beside("vm"))
      // a user who has it by a descriptor that only names it
      let script = """
        import os, sys, time
        os.setgid(4242); os.setuid(1234)
        file = os.open(sys.argv[1], os.O_PATH)
        print("has", flush=True)
        while os.path.exists(sys.argv[1]): time.sleep(0.01)
        try:
          os.open(f"/proc/self/fd/{file}", os.O_RDWR)
          print("opened", flush=True)
        except PermissionError: print("refused", flush=True)
        """
      let user = try Child(["python3", "-c", script, stock.beside("vm")])
      try user.waitForOutput("has")
      let failing = try start(
        ["release", stock.beside("vm"), "--to", stock.path], under: Traced.failing("renameat2", "EIO", when: "1")
      ).end()
      #expect(failing.status == 1)
      #expect(try Self.rights(stock.beside("vm")) == "1234:4242 644")
      #expect(try stock.giveBack("vm").status == 0)
      #expect(user.end().out == "has\nrefused\n")
    }

    @Test(
      "a file that somebody has noted something on, or let somebody have, is made anew",
      arguments: ["trusted.note", "system.posix_acl_access"])
    func attributes(name: String) throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      // an access control list: its owner's, user 1234's, the group's, the mask, others'
      let script = """
        import os, struct, sys
        entries = [(1, 6, 0xffffffff), (2, 6, 1234), (4, 0, 0xffffffff), (16, 6, 0xffffffff), (32, 0, 0xffffffff)]
        value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
        os.setxattr(sys.argv[2], sys.argv[1], value)
        """
      #expect(try stock.take("vm").status == 0)
      let inode = try tool("stat", "-c", "%i", stock.beside("vm"))
      try tool("python3", "-c", script, name, stock.beside("vm"))
      #expect(try stock.giveBack("vm").status == 0)
      try stock.fill(1)
      let ready = try #require(stock.names("ready-").first)
      #expect(stock.names().count == 1)
      #expect(try tool("stat", "-c", "%i", stock.path + "/" + ready) != inode)
      // nor is one handed out that was meddled with afterwards
      try tool("sh", "-c", "chmod 600 \(stock.path)/\(ready)")
      try tool("python3", "-c", script, name, stock.path + "/" + ready)
      try tool("sh", "-c", "chmod 600 \(stock.path)/\(ready)")
      #expect(try stock.take("other", "--mode", "660").out.contains("made: "))
      try stock.fill(1)
      #expect(stock.names("ready-").count == 1 && stock.names().count == 1)
      #expect(try stock.take("third", "--mode", "660").out.contains("taken from"))
    }

    @Test("a file that is locked by somebody who could open it before is not being made")
    func locked() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      #expect(try stock.take("vm").status == 0)
      #expect(try stock.giveBack("vm").status == 0)
      let returned = stock.path + "/" + (try #require(stock.names("returned-").first))
      let holder = try Child(["flock", returned, "sh", "-c", "echo has; exec sleep infinity"])
      defer { holder.kill() }
      try holder.waitForOutput("has")
      for command in ["chown 1234", "chown 0", "chmod 644"] {
        try tool("sh", "-c", "\(command) \(returned)")
        let text = try stock.fill(0).out
        #expect(
          text.contains(command == "chown 0" ? "1 being made, 0 returned" : "0 being made, 1 returned"), "\(text)")
      }
      #expect(try stock.fill(1).status == 0)
      #expect(stock.names("ready-").count == 1 && stock.names("returned-").count == 1)
    }

    @Test(
      "whoever dies while he takes a file leaves no name that is another's",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"), arguments: ["fchown", "fchmod", "renameat2"])
    func dies(call: String) throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(1)
      let words = ["prefault", stock.beside("vm"), "--size", StockFolder.size, "--from", stock.path]
      let dying = try start(words + ["--owner", "1234:4242", "--mode", "660"], under: Traced.killed(by: call)).end()
      #expect(dying.status != 0)
      if FileFacts(stock.beside("vm")) != nil { #expect(try Self.rights(stock.beside("vm")) == "1234:4242 660") }
      #expect(try stock.fill(1).status == 0)
      #expect(stock.names("ready-").count == 1 && stock.names().count == 1)
    }
  }
}
