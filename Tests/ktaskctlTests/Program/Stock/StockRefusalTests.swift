import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("What is no stock, and no file for one", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct StockRefusalTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "a directory that others may put files into, or another user's",
      arguments: ["chmod 777", "chmod 1777", "chown 1234"])
    func rights(command: String) throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try tool("sh", "-c", "\(command) \(stock.path)")
      #expect(try stock.fill(1).status == 4)
      #expect(try stock.take("vm").status == 4)
      #expect(FileFacts(stock.beside("vm")) == nil)
    }

    @Test("a directory on a disk, and a file")
    func kinds() throws {
      let folder = scratch.file("folder")
      try tool("mkdir", "-m", "700", folder)
      let isMemory = try tool("stat", "-f", "-c", "%T", folder).contains("tmpfs")
      if !isMemory { #expect(try ktaskctl("stock", folder, "--size", "8M").status == 8) }
      try tool("touch", scratch.file("f"))
      #expect(try ktaskctl("stock", scratch.file("f"), "--size", "8M").status != 0)
      #expect(try ktaskctl("stock", scratch.file("none"), "--size", "8M").status == 1)
    }

    @Test("a stock that is not there is one that has nothing")
    func missing() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try tool("rmdir", stock.path)
      #expect(try stock.take("vm").out.contains("made: there is no stock"))
    }

    @Test("a file on another mount is made as ever, and cannot be given back")
    func mounts() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(1)
      let other = try scratch.tmpfs(mebibytes: 20) + "/vm"
      let ended = try ktaskctl("prefault", other, "--size", "8M", "--from", stock.path)
      #expect(ended.status == 0 && ended.out.contains("made: the stock lies on another mount"))
      #expect(try ktaskctl("release", other, "--to", stock.path).status == 8)
      #expect(FileFacts(other)?.allocated == 8 << 20 && stock.names("ready-").count == 1)
    }

    @Test("a file with another name, and an empty one")
    func names() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      #expect(try stock.take("vm").status == 0)
      try tool("ln", stock.beside("vm"), stock.beside("other"))
      #expect(try stock.giveBack("vm").status == 8)
      try tool("touch", stock.beside("empty"))
      #expect(try stock.giveBack("empty").status == 64)
      #expect(stock.names() == [])
    }

    @Test(
      "words that make no sense together",
      arguments: [
        ["stock"], ["stock", "/dev/shm", "--size", "8M", "--count", "-1"],
        ["stock", "/dev/shm", "--size", "8M", "--threads", "1,2"], ["stock", "--size", "8M"],
        ["stock", "/dev/shm", "--size", "8M", "--runs", "2"],
        ["release", "/dev/shm/f", "--to", "/dev/shm", "--unlink"],
        ["release", "/dev/shm/f", "--to", "/dev/shm", "--size", "8M"],
        ["release", "/dev/shm/f", "--to", "/dev/shm", "--shrink-pool"],
      ])
    func usage(words: [String]) throws {
      #expect(try start(words).end().status == 64)
    }

    @Test("what is no file is nobody's, whatever it is called")
    func noFiles() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(2)
      for state in ["ready", "returned", "making"] {
        try tool("mkdir", "\(stock.path)/\(state)-8M-any-0000000000000000")
      }
      for name in ["a", "b", "c"] { #expect(try stock.take(name).status == 0) }
      #expect(try stock.fill(1).out.contains("1 ready, 0 being made, 0 returned"))
    }

    @Test("files in small pages become none in transparent huge ones")
    func otherPages() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try tool("mount", "-o", "remount,huge=advise", (stock.path as NSString).deletingLastPathComponent)
      #expect(try ktaskctl("prefault", stock.beside("vm"), "--size", StockFolder.size).status == 0)
      #expect(try stock.giveBack("vm").status == 0)
      #expect(try stock.fill(1, "--page-size", "thp").status == 0)
      let ready = stock.names("ready-")
      #expect(ready.count == 1 && stock.names().count == 1)
      #expect(try ktaskctl("verify", "--page-size", "thp", stock.path).status == 0)
    }

    @Test("a plan tells of what comes back as of what came back, and takes no time for each")
    func planned() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      for name in ["a", "b", "c"] {
        #expect(try ktaskctl("prefault", stock.beside(name), "--size", "8M").status == 0)
        #expect(try stock.giveBack(name).status == 0)
      }
      let document = try stock.fill(2, "--dry-run", "--json").document()
      #expect(document.stock?.making == 0 && document.stock?.returned == 3)
    }

    @Test("is one run: what is taken is not given back in between", arguments: [["--runs", "2"], ["--warmup", "1"]])
    func severalRuns(words: [String]) throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let ended = try start(["prefault", stock.beside("vm"), "--size", "8M", "--from", stock.path] + words).end()
      #expect(ended.status == 64 && ended.message.contains("--from is one run"), "\(ended.err)")
    }
  }
}
