import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("Files of a stock that are not to be had", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct StockObstacleTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "a file that nobody can open, or that a former user keeps by a lease, is told, and stands in nobody's way",
      arguments: ["chattr +i", "chattr +a", "read lease", "write lease"])
    func notToBeHad(how: String) throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(1)
      #expect(try stock.take("vm").status == 0)
      #expect(try stock.giveBack("vm").status == 0)
      let returned = stock.path + "/" + (try #require(stock.names("returned-").first))
      var holder: Holder?
      defer {
        holder?.kill()
        if how.hasPrefix("chattr") { _ = try? tool("chattr", "-ia", returned) }
      }
      if how.hasPrefix("chattr") {
        try tool("sh", "-c", "\(how) \(returned)")
      } else {
        holder = try Holder(
          """
          signal.signal(signal.SIGIO, signal.SIG_IGN)
          fd = os.open("\(returned)", os.O_RDONLY)
          fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.\(how == "read lease" ? "F_RDLCK" : "F_WRLCK"))
          """)
      }
      let ended = try stock.fill(1)
      #expect(ended.status == 0, "\(ended.err)")
      #expect(stock.names("ready-").count == 1 && stock.names("returned-").count == 1)
      if how != "write lease" { #expect(ended.err.contains("warning: \(returned): left alone: "), "\(ended.err)") }
      #expect(try stock.fill(1).status == 0)
      #expect(try stock.take("other").out.contains("taken from"))
    }

    @Test(
      "a ready file that cannot be opened is not taken, and others are", arguments: ["chattr +i", "chattr +a", "lease"])
    func notToBeTaken(how: String) throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(1)
      let name = stock.path + "/" + stock.names()[0]
      var holder: Holder?
      if how == "lease" {
        holder = try Holder(
          """
          signal.signal(signal.SIGIO, signal.SIG_IGN)
          fd = os.open("\(name)", os.O_RDWR)
          fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
          """)
      } else {
        try tool("sh", "-c", "\(how) \(name)")
      }
      defer {
        holder?.kill()
        if holder == nil { _ = try? tool("chattr", "-ia", name) }
      }
      let made = try stock.take("a")
      #expect(made.status == 0 && made.out.contains("made: each 8M-any of the stock that is ready is"), "\(made.err)")
      try stock.fill(2)
      #expect(try stock.take("b").out.contains("taken from"))
    }

    @Test("a file that cannot be opened is told once, and others are made and cleared beside it")
    func service() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      for name in ["a", "b"] {
        #expect(try stock.take(name).status == 0)
        #expect(try stock.giveBack(name).status == 0)
      }
      let returned = stock.path + "/" + stock.names("returned-")[0]
      try tool("chattr", "+i", returned)
      defer { _ = try? tool("chattr", "-i", returned) }
      let child = try start(
        ["stock", "--watch", stock.path, "--size", StockFolder.size, "--count", "3", "--max-bytes", "40M"])
      child.wait { stock.names("ready-").count == 3 }
      #expect(try stock.take("c").out.contains("taken from"))
      child.wait { stock.names("ready-").count == 3 }
      child.send(SIGTERM)
      let ended = child.end()
      #expect(ended.status == 0)
      #expect(ended.err.components(separatedBy: "\(returned): left alone: ").count == 2, "\(ended.err)")
      #expect(stock.names("returned-").count == 1 && stock.names().count == 4)
    }
  }
}
