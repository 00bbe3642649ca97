import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("ktaskctl stock --watch", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct StockServiceTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private func service(_ stock: StockFolder, _ receiver: NotifyReceiver, _ words: String...) throws -> Child {
      try start(["stock", "--watch"] + words, under: receiver.environment)
    }

    @Test("tells when the first file is ready, and goes on until there are as many as asked for")
    func ready() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let receiver = try NotifyReceiver(scratch.file("manager"))
      let child = try service(stock, receiver, stock.path, "--size", StockFolder.size, "--count", "3")
      _ = try receiver.messages(upTo: "READY=1")
      #expect(stock.names("ready-").count >= 1)
      child.wait { stock.names("ready-").count == 3 }
      child.send(SIGTERM)
      #expect(child.end().status == 0)
      #expect(stock.names("ready-").count == 3 && stock.names().count == 3)
    }

    @Test("makes again what is taken, and clears what comes back", arguments: ["tmpfs", "hugetlbfs"])
    func refills(kind: String) throws {
      let stock = try StockFolder(scratch, on: kind)
      let receiver = try NotifyReceiver(scratch.file("manager"))
      let child = try service(
        stock, receiver, stock.path, "--size", StockFolder.size, "--count", "2", "--min-ready", "2")
      defer { child.kill() }
      _ = try receiver.messages(upTo: "READY=1")
      #expect(try stock.take("vm").out.contains("taken from"))
      child.wait { stock.names("ready-").count == 2 }
      try StockFolder.soil(stock.beside("vm"))
      #expect(try start(["stock", stock.path, "--size", "4M", "--count", "0"]).end().status == 0)
      // there are enough: it goes
      #expect(try stock.giveBack("vm").status == 0)
      child.wait { stock.names().count == 2 }
      #expect(stock.names("ready-").count == 2)
      // there are not: it is cleared
      #expect(try stock.take("a").out.contains("taken from"))
      child.wait { stock.names("ready-").count == 2 }
      #expect(stock.names("ready-").allSatisfy { StockFolder.isReady(stock.path + "/" + $0) })
    }

    @Test(
      "what a maker that was killed left is cleaned when it is gone", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func others() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let maker = try start(
        ["stock", stock.path, "--size", StockFolder.size], under: Traced.slow("ftruncate", milliseconds: 600_000))
      maker.wait { stock.names("making-").count == 1 }
      let receiver = try NotifyReceiver(scratch.file("manager"))
      let child = try service(stock, receiver, stock.path, "--size", StockFolder.size)
      defer { child.kill() }
      while let message = receiver.next(), !message.contains("1 being made") {}
      maker.kill()
      child.wait { stock.names("ready-").count == 1 }
      #expect(stock.names().count == 1)
    }

    @Test("reads its settings again when it is told to, and keeps the last ones where the new ones make no sense")
    func settings() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let file = scratch.file("settings")
      #expect(Host.write("# a stock\n--size \(StockFolder.size) # of each\n  --count 1\n\(stock.path)\n", to: file))
      let receiver = try NotifyReceiver(scratch.file("manager"))
      let child = try service(stock, receiver, "--settings", file)
      _ = try receiver.messages(upTo: "READY=1")
      #expect(Host.write("--size \(StockFolder.size) --count 2\n\(stock.path)\n", to: file))
      child.send(SIGHUP)
      let told = try receiver.messages(upTo: "READY=1")
      #expect(told.contains { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
      child.wait { stock.names("ready-").count == 2 }
      #expect(Host.write("--size 8M --bogus\n", to: file))
      child.send(SIGHUP)
      try child.waitForWords("unknown option --bogus")
      #expect(Host.write("--size 8M /dev/shm\n", to: file))
      child.send(SIGHUP)
      try child.waitForWords("another stock takes another service")
      child.send(SIGUSR1)
      try child.waitForWords("8M-any: 2 of 2 ready, 0 being made, 0 returned")
      child.send(SIGINT)
      #expect(child.end().status == 0)
    }

    /// systemd stops a service that says so.
    @Test("told to read its settings in the midst of a file, it makes that one again and says nothing of an end")
    func midst() throws {
      let stock = try StockFolder(scratch, on: "tmpfs", mebibytes: 600)
      let receiver = try NotifyReceiver(scratch.file("manager"))
      let child = try service(stock, receiver, stock.path, "--size", "512M", "--threads", "1")
      while let message = receiver.next(), !message.contains("%") {}
      child.send(SIGHUP)
      let told = try receiver.messages(upTo: "READY=1")
      #expect(!told.contains { $0.contains("STOPPING=1") || $0.contains("EXTEND_TIMEOUT_USEC") }, "\(told)")
      child.send(SIGTERM)
      _ = try receiver.messages(upTo: "STOPPING=1")
      #expect(child.end().status == 0 && stock.names("ready-").count == 1)
    }

    @Test("hears the end that comes while it makes way for its settings")
    func both() throws {
      let stock = try StockFolder(scratch, on: "tmpfs", mebibytes: 600)
      for _ in 0..<3 {
        let receiver = try NotifyReceiver(scratch.file("manager"))
        let child = try service(stock, receiver, stock.path, "--size", "512M", "--threads", "1")
        while let message = receiver.next(), !message.contains("%") {}
        child.send(SIGHUP)
        usleep(4000)
        child.send(SIGTERM)
        _ = try receiver.messages(upTo: "STOPPING=1")
        #expect(child.end().status == 0)
        _ = unsafe unlink(scratch.file("manager"))
      }
    }

    @Test(
      "waits after a file that came to nothing, whatever names that made",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func patience() throws {
      let stock = try StockFolder(scratch, on: "tmpfs", mebibytes: 600)
      let log = scratch.file("calls")
      let child = try start(
        ["stock", "--watch", stock.path, "--size", "512M", "--threads", "1", "--timeout", "0.02"],
        under: ["strace", "-D", "-f", "-qq", "-o", log, "-e", "trace=unlinkat"])
      try child.waitForWords("timed out")
      usleep(2_500_000)
      child.send(SIGTERM)
      #expect(child.end().status == 0)
      // at once, after a second, after two more
      let undone = Host.text(log).split(separator: "\n").filter { $0.contains("making-") }
      #expect((1...3).contains(undone.count), "\(undone)")
    }

    @Test("a shortage is told once, and stands in nobody's way")
    func shortage() throws {
      let stock = try StockFolder(scratch, on: "tmpfs", mebibytes: 20)
      let receiver = try NotifyReceiver(scratch.file("manager"))
      let child = try service(stock, receiver, stock.path, "--size", StockFolder.size, "--count", "3")
      _ = try receiver.messages(upTo: "READY=1")
      child.wait { stock.names("ready-").count == 2 }
      try child.waitForWords("ktaskctl: ")
      child.send(SIGTERM)
      let ended = child.end()
      #expect(ended.status == 0)
      #expect(ended.err.split(separator: "\n").filter { $0.hasPrefix("ktaskctl: ") }.count == 1, "\(ended.err)")
      #expect(stock.names("ready-").count == 2 && stock.names().count == 2)
    }

    @Test("is nice, and idle while it works", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func manners() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let child = try start(
        ["stock", "--watch", stock.path, "--size", StockFolder.size],
        under: Traced.slow("ftruncate", milliseconds: 600_000))
      child.wait { stock.names("making-").count == 1 }
      // beside the tracer: the one that has the file
      let worker = try tool("sh", "-c", "fuser \(stock.path)/making-* 2>/dev/null").split(separator: " ").last.map(
        String.init)
      let number = try #require(worker?.trimmingCharacters(in: .whitespacesAndNewlines))
      let told = try tool("ps", "-o", "cls=,stat=", "-p", number)
      #expect(told.contains("IDL") && told.contains("N"), "\(told)")
      child.kill()
    }

    @Test(
      "words that make no sense together",
      arguments: [
        ["--min-ready", "1"], ["--settings", "f"], ["--watch", "--json"], ["--watch", "--dry-run"],
        ["--watch", "--min-ready", "-1"], ["--watch", "--export-json", "f"],
      ])
    func usage(words: [String]) throws {
      #expect(try start(["stock", "/dev/shm", "--size", "8M"] + words).end().status == 64)
    }

    @Test("a stock that is not there, and settings that are not")
    func missing() throws {
      #expect(try ktaskctl("stock", "--watch", "--size", "8M", scratch.file("none")).status == 1)
      #expect(try ktaskctl("stock", "--watch", "--settings", scratch.file("none")).status == 1)
    }

    /// Nobody reads its words, nor can it do its work in time.
    @Test(
      "hears a signal while nobody reads what it says, and when a time limit has ended a round before",
      arguments: [["--size", "900T"], ["--size", "64M", "--count", "2", "--timeout", "1ms"]])
    func deaf(words: [String]) throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let script = """
        import os, subprocess, sys, time
        r, w = os.pipe()
        os.set_blocking(w, False)
        try:
          while True: os.write(w, b"x" * 4096)
        except BlockingIOError: os.set_blocking(w, True)
        child = subprocess.Popen(sys.argv[1:], stderr=w)
        def hears():
          lines = open(f"/proc/{child.pid}/status").read().split("\\n")
          return int([line for line in lines if line.startswith("SigBlk")][0].split()[1], 16) & 0x4000
        while not hears(): time.sleep(0.01)
        time.sleep(1)
        child.terminate()
        sys.exit(child.wait(120))
        """
      let ended = try Child(["python3", "-c", script, BuiltProgram.path, "stock", "--watch", stock.path] + words).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(stock.names("making-") == [])
    }

    @Test("a round that its time limit ended is told, and not tried again at once")
    func limited() throws {
      let stock = try StockFolder(scratch, on: "tmpfs")
      let child = try start(["stock", "--watch", stock.path, "--size", "64M", "--count", "2", "--timeout", "1ms"])
      try child.waitForWords("timed out after 1.0 ms")
      // the next try comes a second later
      usleep(500_000)
      child.send(SIGTERM)
      let ended = child.end()
      #expect(ended.status == 0)
      #expect(ended.err.components(separatedBy: "timed out after 1.0 ms").count == 2, "\(ended.err)")
    }
  }
}
