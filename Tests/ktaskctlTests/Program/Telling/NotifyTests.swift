@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// What a service manager hears, by a receiver that looks at the memory itself when READY comes.
  @Suite("As a service", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct NotifyTests {
    let scratch: Scratch
    let manager: NotifyReceiver

    init() throws {
      scratch = try Scratch()
      manager = try NotifyReceiver(scratch.file("notify"))
    }

    @Test("READY comes when the last page is resident and not before, and STOPPING when it is told to stop")
    func prefault() throws {
      let file = try scratch.tmpfs(mebibytes: 600) + "/vm"
      let child = try start(["prefault", file, "--size", "512M", "--hold"], under: manager.environment)
      let messages = try manager.messages(upTo: "READY=1")
      #expect(try Content(file).residentBytes == 512 << 20)
      #expect(messages[0] == "STATUS=prefault \(file): 0 % of 512 MiB\nEXTEND_TIMEOUT_USEC=30000000")
      let movements = messages.dropLast()
      #expect(movements.allSatisfy { $0.hasPrefix("STATUS=prefault \(file): ") && $0.contains(" 512 MiB") })
      #expect(movements.allSatisfy { !$0.contains("READY") && !$0.contains("STOPPING") })
      #expect(messages.last!.hasPrefix("READY=1\nSTATUS=holding, verified after "))
      #expect(!child.hasEnded && manager.rest().isEmpty)
      child.send(SIGTERM)
      #expect(child.end().status == 0)
      #expect(manager.rest() == ["STOPPING=1\nSTATUS=stopping", "STATUS=released"])
    }

    @Test("READY comes when all is locked, on an abstract socket too")
    func pin() throws {
      let manager = try NotifyReceiver("@ktaskctl-test-\(getpid())")
      let child = try start(["pin", "--size", "256M", "--hold"], under: manager.environment)
      let messages = try manager.messages(upTo: "READY=1")
      #expect(child.lockedBytes == 256 << 20)
      #expect(messages.dropLast().allSatisfy { $0.hasPrefix("STATUS=pin anonymous memory: ") })
      child.send(SIGINT)
      #expect(child.end().status == 0)
      #expect(manager.rest() == ["STOPPING=1\nSTATUS=stopping", "STATUS=released"])
    }

    @Test(
      "more time is asked for with every chunk that is done, and not without",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)")
    )
    func extensions() throws {
      let file = try scratch.tmpfs(mebibytes: 300) + "/vm"
      // strace makes each chunk take more than a second, in which several messages go out; after the first, which is of 2 MiB,
      // the clock makes none larger
      let child = try start(
        ["prefault", file, "--size", "4M", "--threads", "1"],
        under: manager.environment + Traced.slow("madvise", milliseconds: 1200))
      let messages = try manager.messages(upTo: "READY=1")
      #expect(child.end().status == 0)
      let extending = messages.filter { $0.contains("EXTEND_TIMEOUT_USEC=30000000") }
      #expect(messages.count > 5)
      #expect(extending.count == 5, "\(messages)")
      let shares = [": 0 % of 4 MiB", ": 50 % of 4 MiB, "]
      let wanted = shares.prefix(1) + shares + shares.map { ": verifying, " + $0.dropFirst(2) }
      for (message, progress) in zip(extending, wanted) {
        #expect(message.contains(progress), "\(messages)")
      }
    }

    @Test("a run that ends by itself is ready, and does not say that it stops")
    func plain() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      for wanted in ["READY=1\nSTATUS=done", "READY=1\nSTATUS=done"] {
        // the second time there is nothing to do
        #expect(try start(["prefault", file, "--size", "64M"], under: manager.environment).end().status == 0)
        let messages = manager.rest()
        #expect(messages.last?.hasPrefix(wanted) == true, "\(messages)")
        #expect(messages.dropLast().allSatisfy { $0.hasPrefix("STATUS=prefault ") }, "\(messages)")
      }
    }

    @Test("only memory that is ready for others is: not what was looked at or released, and not yet exec's command")
    func notReady() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "32M").status == 0)
      for words in [["verify", file], ["exec", "--size", "4M", "--", "true", "{}"], ["release", file]] {
        #expect(try start(words, under: manager.environment).end().status == 0)
        let messages = manager.rest()
        #expect(messages.last?.hasPrefix("STATUS=done, verified after ") == true, "\(messages)")
        #expect(messages.allSatisfy { !$0.contains("READY") }, "\(messages)")
      }
    }

    @Test("a run that fails is never ready", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func failure() throws {
      let file = try scratch.tmpfs(mebibytes: 300) + "/vm"
      let fault = Traced.failing("madvise", "EFAULT", when: "3+")
      let child = try start(
        ["prefault", file, "--size", "256M", "--threads", "1", "--hold"], under: manager.environment + fault)
      #expect(child.end().status == 3)
      let messages = manager.rest()
      #expect(messages.allSatisfy { !$0.contains("READY") }, "\(messages)")
      #expect(messages.suffix(2).first?.hasPrefix("STATUS=failed: populating failed at offset ") == true, "\(messages)")
      #expect(messages.last == "STATUS=undone")
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "a run that is stopped on the way says so, is undone, and never ready",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func stopped() throws {
      let file = try scratch.tmpfs(mebibytes: 300) + "/vm"
      let number = scratch.file("pid")
      let child = try start(
        ["prefault", file, "--size", "256M", "--threads", "1", "--hold", "--pidfile", number],
        under: manager.environment + Traced.slow("madvise", milliseconds: 1000))
      _ = try manager.messages(upTo: "EXTEND_TIMEOUT_USEC=30000000")
      kill(pid_t(Host.text(number))!, SIGTERM)
      #expect(child.end().status == 143)
      // an undo that takes long says how far it is
      let messages = manager.rest().filter { !$0.contains(": undoing, ") }
      #expect(messages.suffix(3).first == "STOPPING=1\nSTATUS=stopping", "\(messages)")
      #expect(messages.allSatisfy { !$0.contains("READY") }, "\(messages)")
      #expect(FileFacts(file) == nil)
    }

    @Test("a manager that does not read holds up neither the work nor a signal")
    func full() throws {
      manager.fill()
      let child = try start(
        ["clear", "--size", "64M", "--runs", "10000", "--progress", "json"], under: manager.environment)
      try child.waitForWords("\"event\":\"start\"")
      child.send(SIGTERM)
      #expect(child.end().status == 143)
      // it is not there for long, and then the last words come
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let late = try start(["prefault", file, "--size", "16M", "--hold"], under: manager.environment)
      try late.waitForOutput("held by process")
      #expect(try manager.messages(upTo: "READY=1").last?.hasPrefix("READY=1\nSTATUS=holding") == true)
      late.send(SIGTERM)
      #expect(late.end().status == 0)
    }

    @Test("who stops a run whose manager was not told that it is ready is heard at once, and all is undone")
    func untold() throws {
      manager.fill()
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let child = try start(["prefault", file, "--size", "16M", "--json"], under: manager.environment)
      // all is done by then, and the manager waited for
      try child.waitForOutput("verified")
      child.send(SIGTERM)
      let ended = child.end()
      #expect(ended.status == 143, "\(ended.err)")
      #expect(
        ended.message.hasPrefix("ktaskctl: \(file): ended by SIGTERM before the service manager was told; undone"))
      #expect(try ended.document().command == "prefault", "there is one document")
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "a manager that cannot be reached keeps nobody from working",
      arguments: ["relative", "/nonexistent/socket", "@nobody", "/" + String(repeating: "x", count: 200), ""])
    func nobody(name: String) throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let ended = try start(["prefault", file, "--size", "64M"], under: ["env", "NOTIFY_SOCKET=\(name)"]).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(FileFacts(file)?.allocated == 64 << 20)
    }
  }
}
