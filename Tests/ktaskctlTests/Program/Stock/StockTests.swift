import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("ktaskctl stock", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct StockTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("makes files that are there, zero and their owner's alone, once", arguments: ["tmpfs", "hugetlbfs"])
    func fills(kind: String) throws {
      let stock = try StockFolder(scratch, on: kind)
      let ended = try stock.fill(3, "--json")
      #expect(ended.status == 0, "\(ended.err)")
      let ready = stock.names("ready-8M-any-")
      #expect(ready.count == 3 && stock.names().count == 3)
      for name in ready {
        #expect(StockFolder.isReady(stock.path + "/" + name))
        #expect(FileFacts(stock.path + "/" + name)?.mode == 0o600)
      }
      let document = try ended.document()
      #expect(document.stock?.ready == 3 && document.verified?.zero == true)
      #expect(document.stock?.allocatedBytes == 3 * StockFolder.bytes)
      #expect(document.files.map(\.path).sorted() == ready.map { stock.path + "/" + $0 }, "what they are called by now")
      #expect(document.request?.files == [stock.path])
      #expect(try stock.fill(3).out == "\(stock.path): 8M-any: 3 ready, 0 being made, 0 returned\n")
      #expect(stock.names() == ready)
    }

    @Test("a file is taken by its name, as new as one that is made", arguments: ["tmpfs", "hugetlbfs"])
    func takes(kind: String) throws {
      let stock = try StockFolder(scratch, on: kind)
      try stock.fill(1)
      let was = stock.path + "/" + stock.names()[0]
      let vm = stock.beside("vm")
      let inode = try Self.inode(was)
      let ended = try stock.take("vm", "--owner", "1234", "--mode", "640")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out == "\(vm): 8 MiB, taken from \(was)\n")
      #expect(try Self.inode(vm) == inode && stock.names() == [])
      #expect(StockFolder.isReady(vm) && FileFacts(vm)?.mode == 0o640)
      #expect(try stock.take("vm").out == "\(vm): 8 MiB resident already, nothing to do\n")
      // there is none left
      let made = try stock.take("vm2", "--json")
      #expect(made.status == 0 && StockFolder.isReady(stock.beside("vm2")), "\(made.err)")
      let file = try made.document().files.first
      #expect(file?.takenFrom == nil && file?.notTaken == "none-ready")
      #expect(try stock.take("vm2", "--json").document().files.first?.notTaken == "exists")
      #expect(try stock.take("vm3").out.contains("made: the stock has no 8M-any that is ready"))
    }

    private static func inode(_ path: String) throws -> String { try tool("stat", "-c", "%i", path) }

    @Test("what comes back is cleared before anybody has it", arguments: ["tmpfs", "hugetlbfs"])
    func cleans(kind: String) throws {
      let stock = try StockFolder(scratch, on: kind)
      try stock.fill(1)
      #expect(try stock.take("vm").status == 0)
      let vm = stock.beside("vm")
      try StockFolder.soil(vm)
      let inode = try Self.inode(vm)
      let given = try stock.giveBack("vm")
      #expect(given.status == 0, "\(given.err)")
      #expect(given.out == "\(vm): 8 MiB returned to \(stock.path)\n")
      #expect(FileFacts(vm) == nil && stock.names("returned-8M-any-").count == 1 && stock.names().count == 1)
      // as it is, it is nobody's
      #expect(try stock.take("other").out.contains("made: "))
      let ended = try stock.fill(1)
      #expect(ended.status == 0, "\(ended.err)")
      let ready = try #require(stock.names("ready-").first).self
      #expect(stock.names().count == 1)
      #expect(try Self.inode(stock.path + "/" + ready) == inode, "the same memory")
      #expect(StockFolder.isReady(stock.path + "/" + ready))
    }

    @Test("asked for nothing it says what it has, and changes nothing")
    func look() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      func look(_ words: String...) throws -> Ended { try start(["stock", stock.path] + words).end() }
      #expect(try look().out == "\(stock.path): empty\n")
      #expect(try ktaskctl("verify", stock.path).status == 2)
      try stock.fill(2)
      #expect(try stock.take("vm").status == 0)
      #expect(try stock.giveBack("vm").status == 0)
      try tool("touch", stock.path + "/notes")
      let names = stock.names()
      let text = "\(stock.path): 8M-any: 1 ready, 0 being made, 1 returned\n\(stock.path): left alone: notes\n"
      let ended = try look()
      #expect(ended.status == 0 && ended.out == text, "\(ended.err)")
      let document = try look("--json").document()
      #expect(document.stock?.ready == 1 && document.stock?.returned == 1 && document.stock?.foreign == ["notes"])
      #expect(stock.names() == names)
      for option in [["--count", "0"], ["--max-bytes", "8M"], ["--nodes", "0"], ["--watch"]] {
        #expect(try start(["stock", stock.path] + option).end().status == 64)
      }
    }

    @Test("what came back in a size that the stock has no other of is taken apart, whoever asks for what")
    func otherSize() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      for (name, size) in [("a", "8M"), ("b", "6M")] {
        #expect(try ktaskctl("prefault", stock.beside(name), "--size", size).status == 0)
        #expect(try stock.giveBack(name).status == 0)
      }
      let ended = try stock.fill(1)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(stock.names().count == 1 && stock.names("ready-8M-").count == 1)
      #expect(try ktaskctl("verify", stock.path).status == 0)
    }

    @Test("what nobody needs any more gives its memory back")
    func surplus() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(2)
      for name in ["a", "b"] {
        #expect(try stock.take(name).status == 0)
        #expect(try stock.giveBack(name).status == 0)
      }
      #expect(try stock.fill(1).status == 0)
      #expect(stock.names("ready-").count == 1 && stock.names().count == 1)
    }

    @Test("a file that somebody still has is not used again, and he sees nothing of the next one")
    func stillOpen() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(1)
      #expect(try stock.take("vm").status == 0)
      try StockFolder.soil(stock.beside("vm"))
      let holder = try Child(["sh", "-c", "exec 3<\(stock.beside("vm")); echo has; exec sleep infinity"])
      defer { holder.kill() }
      try holder.waitForOutput("has")
      #expect(try stock.giveBack("vm").status == 7)
      #expect(try stock.giveBack("vm", "--even-if-open").status == 0)
      let returned = try #require(stock.names("returned-").first)
      let inode = try Self.inode(stock.path + "/" + returned)
      let ended = try stock.fill(1)
      #expect(ended.status == 0, "\(ended.err)")
      let ready = try #require(stock.names("ready-").first)
      #expect(stock.names().count == 1)
      #expect(try Self.inode(stock.path + "/" + ready) != inode)
      // its pages are gone: they are not in anybody's way
      #expect(try tool("stat", "-Lc", "%b", "/proc/\(holder.pid)/fd/3") == "0\n")
    }

    @Test("a file that somebody has open is not handed out")
    func openWhenTaken() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(1)
      let name = stock.path + "/" + stock.names()[0]
      let holder = try Child(["sh", "-c", "exec 3<\(name); echo has; exec sleep infinity"])
      defer { holder.kill() }
      try holder.waitForOutput("has")
      #expect(try stock.take("vm").out.contains("made: "))
      #expect(stock.names("ready-").count == 1)
    }

    @Test(
      "a file that is not what its name says is not handed out, and is made anew",
      arguments: [
        "chmod 644", "truncate --size 4M", "fallocate --punch-hole --offset 0 --length 4096", "ln {} hardlink;",
      ])
    func meddled(command: String) throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(1)
      let name = stock.names()[0]
      try tool("sh", "-c", "cd \(stock.path); \(command.replacing("{}", with: name)) \(name) || true")
      #expect(try stock.take("vm").out.contains("made: "))
      let ended = try stock.fill(1)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(stock.names("ready-").count == 1 && stock.names("ready-") != [name])
    }

    @Test(
      "what its maker left behind is cleaned; what its maker has is left alone",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func left() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let maker = try start(
        ["stock", stock.path, "--size", StockFolder.size], under: Traced.slow("ftruncate", milliseconds: 600_000))
      maker.wait { stock.names("making-").count == 1 }
      let text = try stock.fill(1).out
      #expect(text == "\(stock.path): 8M-any: 0 ready, 1 being made, 0 returned\n")
      maker.kill()
      #expect(try stock.fill(0, "--dry-run").status == 0)
      let ended = try stock.fill(1)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(stock.names("ready-").count == 1 && stock.names().count == 1)
    }

    @Test("names that are none of its own are left alone, and told")
    func foreign() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try tool("sh", "-c", "cd \(stock.path); echo mine > notes; mkdir ready-8M-any; echo x > ready-8M-any-1")
      let ended = try stock.fill(1, "--json")
      #expect(try ended.document().stock?.foreign == ["notes", "ready-8M-any", "ready-8M-any-1"])
      #expect(stock.names().count == 4)
      #expect(try stock.fill(1).out.contains("left alone: notes, ready-8M-any, ready-8M-any-1"))
    }

    @Test("two who take at once get two files")
    func two() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(8)
      let takers = try (0..<8).map { number in
        try start(["prefault", stock.beside("vm\(number)"), "--size", StockFolder.size, "--from", stock.path, "--json"])
      }
      let sources = try takers.compactMap { try $0.end().document().files.first?.takenFrom }
      #expect(Set(sources).count == sources.count)
      #expect(stock.names("ready-").count == 8 - sources.count)
      for number in 0..<8 { #expect(StockFolder.isReady(stock.beside("vm\(number)"))) }
    }

    @Test("exec hands on a file that has no name any more", arguments: ["tmpfs", "hugetlbfs"])
    func exec(kind: String) throws {
      let stock = try StockFolder(scratch, on: kind)
      try stock.fill(1)
      let words = ["exec", "--size", StockFolder.size, "--from", stock.path]
      let ended = try start(words + ["--", "sh", "-c", "stat -Lc '%s %b %h' {}"]).end()
      #expect(ended.out == "\(StockFolder.bytes) \(StockFolder.bytes / 512) 0\n", "\(ended.err)")
      #expect(stock.names() == [])
      #expect(try start(words + ["--seal", "--", "true"]).end().status == 64)
    }

    @Test("verify looks at all that is ready, and topology lists it")
    func looks() throws {
      let stock = try StockFolder(scratch, on: "hugetlbfs")
      try stock.fill(2)
      let ended = try ktaskctl("verify", stock.path, "--zero", "--page-size", "2M", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().files.map(\.path) == stock.names("ready-").map { stock.path + "/" + $0 })
      let text = try ktaskctl("topology").out.withoutColumns
      #expect(text.contains("stock \(stock.path): 8M-any: 2 ready, 0 being made, 0 returned"))
      #expect(try ktaskctl("topology", "--json").out.contains("\"stocks\""))
      // with so few descriptors that it cannot be looked for, that is an error and not none
      for files in 4...9 {
        let few = try start(["topology"], under: ["prlimit", "--nofile=\(files)"]).end()
        #expect([4, 127].contains(few.status) || few.out.contains("stock \(stock.path)"), "\(files): \(few.out)")
      }
    }

    @Test("--max-bytes bounds all that the stock has")
    func mostBytes() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      #expect(try stock.fill(5, "--max-bytes", "20M").status == 0)
      #expect(stock.names("ready-").count == 2)
    }

    @Test("--max-bytes bounds what is cleared, too: empty files, and files with memory behind their ends")
    func mostBytesCleared() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      for name in ["a", "b", "c"] {
        try tool("truncate", "--size", StockFolder.size, stock.beside(name))
        #expect(try stock.giveBack(name).status == 0)
      }
      #expect(try stock.fill(3, "--max-bytes", "20M").status == 0)
      #expect(stock.names("ready-").count == 2)
      #expect(try stock.take("long").out.contains("taken from"))
      try tool("fallocate", "--keep-size", "--offset", "8M", "--length", "64M", stock.beside("long"))
      #expect(try stock.giveBack("long").status == 0)
      #expect(try stock.fill(2, "--max-bytes", "100M").status == 0)
      #expect(stock.names("ready-").count == 2)
      let used = try tool("du", "--block-size", "1M", "--summarize", stock.path)
      #expect(used.hasPrefix("16\t"), "\(used)")
      // nor is one ready that got it since
      let ready = stock.path + "/" + stock.names("ready-")[0]
      try tool("fallocate", "--keep-size", "--offset", "8M", "--length", "64M", ready)
      #expect(try stock.fill(0).out.contains("1 ready, 0 being made"))
    }

    @Test("too little memory is told beforehand, and nothing is left")
    func shortage() throws {
      let stock = try StockFolder(scratch, on: "tmpfs", mebibytes: 20)
      #expect(try stock.fill(3).status == 3)
      #expect(stock.names() == [])
    }
  }
}
