import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("verify of a stock", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct StockLookTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private func expectNoneReady(_ ended: Ended, _ stock: StockFolder) {
      #expect(ended.status == 2, "\(ended.err)")
      #expect(ended.message == "ktaskctl: \(stock.path): is a stock without any file that is ready")
      #expect(ended.remedy == "ktaskctl stock \(stock.path)")
    }

    @Test("from which all has been taken: it is one without any file that is ready", arguments: ["tmpfs", "hugetlbfs"])
    func empty(kind: String) throws {
      let stock = try StockFolder(scratch, on: kind)
      try stock.fill(1)
      #expect(try stock.take("vm").status == 0)
      expectNoneReady(try ktaskctl("verify", stock.path), stock)
    }

    @Test("what could be none is a directory", arguments: ["chmod 777", "chown 1234", "touch {}/notes; true"])
    func directory(command: String) throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try tool("sh", "-c", "\(command.replacing("{}", with: stock.path)) \(stock.path)")
      let ended = try ktaskctl("verify", stock.path)
      #expect(ended.status == 8 && ended.message.contains("is a directory"), "\(ended.err)")
    }

    /// Stands still when `name` is first met by that call, and goes on when `body` is done.
    private func verify(
      _ stock: StockFolder, _ call: String, _ name: String, _ body: () throws -> Void
    ) throws -> Ended {
      let log = scratch.file("log")
      let child = try start(
        ["verify", stock.path, "--json"], under: Traced.standingStill(at: name, in: call, log: log))
      child.wait { Host.text(log).contains("stopped by SIGSTOP") }
      try body()
      let number = try #require(Host.text(log).split(separator: " ").first.flatMap { pid_t($0) })
      kill(number, SIGCONT)
      return child.end()
    }

    @Test("leaves out what is taken before it is opened", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func takenMeanwhile() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(2)
      let names = stock.names()
      let ended = try verify(stock, "openat", names[0]) {
        try tool("mv", stock.path + "/" + names[1], stock.beside("vm"))
      }
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().files.map(\.path) == [stock.path + "/" + names[0]])
    }

    @Test("none is left when all are taken before they are opened", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func allTakenMeanwhile() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      try stock.fill(1)
      let name = stock.names()[0]
      let ended = try verify(stock, "newfstatat", name) { try #require(stock.take("vm").status == 0) }
      expectNoneReady(ended, stock)
    }
  }
}
