import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("What ktaskctl stock --watch stands on", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct StockServiceGroundTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "ends when its directory is gone, called otherwise or replaced, and goes on in no other one",
      arguments: [
        "until rm -r {}; do :; done", "mv {} {}.old", "mv {} {}.old && mkdir -m 700 {}",
        "until rm -r {}; do :; done; mkdir -m 700 {}",
        "exec 3< {}; mount -t tmpfs -o mode=700 none {}; touch /proc/self/fd/3/heard",
      ])
    func gone(command: String) throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let receiver = try NotifyReceiver(scratch.file("manager"))
      let child = try start(
        ["stock", "--watch", stock.path, "--size", StockFolder.size, "--count", "2", "--min-ready", "2"],
        under: receiver.environment)
      _ = try receiver.messages(upTo: "READY=1")
      try tool("sh", "-c", command.replacing("{}", with: stock.path))
      let ended = child.end()
      #expect(ended.status == 1, "\(ended.err)")
      #expect(ended.err.hasSuffix("ktaskctl: \(stock.path): the directory is gone\n"), "\(ended.err)")
      // where its files go one by one it may have begun to make others
      if !command.hasPrefix("until") { #expect(stock.names() == []) }
      if command.contains("mount") { try tool("umount", stock.path) }
    }

    @Test("settings that are no file are refused, at the start and later, and nobody waits for what they say")
    func noFile() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let file = scratch.file("settings")
      try tool("mkfifo", scratch.file("fifo"))
      let refused = try ktaskctl("stock", "--watch", "--settings", scratch.file("fifo"))
      #expect(refused.status == 1 && refused.err.contains("it is a FIFO, not a regular file"), "\(refused.err)")
      #expect(Host.write("--size \(StockFolder.size)\n\(stock.path)\n", to: file))
      let child = try start(["stock", "--watch", "--settings", file])
      child.wait { stock.names("ready-").count == 1 }
      try tool("mv", scratch.file("fifo"), file)
      child.send(SIGHUP)
      try child.waitForWords("it is a FIFO, not a regular file")
      child.send(SIGTERM)
      #expect(child.end().status == 0)
    }
  }
}
