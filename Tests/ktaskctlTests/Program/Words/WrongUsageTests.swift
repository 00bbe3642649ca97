import Foundation
import Testing

extension ProgramTests {
  @Suite("Wrong usage")
  struct WrongUsageTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "a size that means nothing is told with its reason",
      arguments: [
        ("-1", "negative"), ("-1G", "negative"), ("", "empty"), ("0", "zero"), ("0K", "zero"), ("8E", "63 bits"),
        ("99999999999999999999", "63 bits"), ("1Q", "unknown unit"), ("1.5", "part of a byte"),
        ("lots", "not a number"),
      ])
    func size(word: String, reason: String) throws {
      for command in [["clear"], ["pin"], ["prefault", scratch.file("vm")]] {
        let ended = try start(command + ["--size", word]).end()
        #expect(ended.status == 64)
        #expect(ended.message.hasPrefix("ktaskctl: wrong usage: ") && ended.message.contains(reason), "\(ended.err)")
        #expect(ended.remedy?.hasPrefix("ktaskctl") == true)
        #expect(ended.out == "")
      }
      #expect(FileFacts(scratch.file("vm")) == nil)
    }

    @Test(
      "words that say nothing are refused",
      arguments: [
        ["--size", "16M", "--frobnicate"], ["--size", "16M", "--threads", "0"], ["--size", "16M", "--threads", "4-1"],
        ["--size", "16M", "--threads", "1,,2"], ["--size", "16M", "--runs", "0"], ["--size", "16M", "--warmup", "-1"],
        ["--size", "16M", "--timeout", "0"], ["--size", "16M", "--timeout", "soon"],
        ["--size", "16M", "--min-chunk", "0"],
        ["--size", "16M", "--page-size", "3M"], ["--size", "16M", "--page-size", "huge"], ["--size"],
        ["--size", "16M", "--progress", "perhaps"],
      ])
    func words(words: [String]) throws {
      let ended = try start(["clear"] + words).end()
      #expect(ended.status == 64, "\(ended.err)")
      #expect(ended.message.hasPrefix("ktaskctl: wrong usage: "))
      #expect(ended.err.split(separator: "\n").count == 2, "one line of what and why, one of remedy: \(ended.err)")
    }

    @Test(
      "what cannot go together is told with the help of its command",
      arguments: [
        ["clear"], ["pin", "--size", "1M", "--hold", "--runs", "2"], ["clear", "--size", "1M", "--policy", "bind"],
      ])
    func together(words: [String]) throws {
      let ended = try start(words).end()
      #expect(ended.status == 64, "\(ended.err)")
      #expect(ended.remedy == "ktaskctl \(words[0]) --help")
    }

    @Test("a page size that this machine lacks is not supported here")
    func pageSize() throws {
      let ended = try ktaskctl("clear", "--size", "64M", "--page-size", "128K")
      #expect(ended.status == 8)
      #expect(ended.message == "ktaskctl: anonymous memory: this machine has no pages of 128 KiB")
    }

    @Test("a page size that is not the file's is not supported there", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func filesPageSize() throws {
      let file = try scratch.tmpfs(mebibytes: 16) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "4M", "--page-size", "2M")
      #expect(ended.status == 8, "\(ended.err)")
      #expect(ended.message == "ktaskctl: \(file): has 4 KiB pages, not 2 MiB ones")
      #expect(FileFacts(file) == nil)
    }

    @Test("a command that nobody knows is refused; no command gets the help")
    func commands() throws {
      #expect(try ktaskctl("frobnicate").status == 64)
      #expect(try ktaskctl("--frobnicate").status == 64)
      let help = try ktaskctl()
      #expect(help.status == 0)
      #expect(help.out.contains("prefault"))
    }

    @Test("the version is one line")
    func version() throws {
      #expect(try ktaskctl("--version").out == "ktaskctl 1.0.0\n")
    }

    @Test(
      "the help says how each command is used, on one screen",
      arguments: [
        [], ["clear"], ["prefault"], ["pin"], ["release"], ["verify"], ["exec"], ["run"], ["compare"], ["topology"],
      ])
    func help(command: [String]) throws {
      let ended = try start(command + ["--help"]).end()
      #expect(ended.status == 0)
      #expect(ended.out.contains("USAGE: ktaskctl"))
      let lines = ended.out.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count <= 41, "\(lines.count - 1) lines")
      #expect(lines.allSatisfy { $0.count <= 80 })
    }

    @Test(
      "the version has a short option, for every command", arguments: [["-V"], ["clear", "-V"], ["topology", "-V"]])
    func shortVersion(words: [String]) throws {
      #expect(try start(words).end().out == "ktaskctl 1.0.0\n")
    }

    @Test("short options mean what the long ones do")
    func shortOptions() throws {
      let ended = try ktaskctl("clear", "-s", "1M", "-t1", "-r", "2", "-w0", "-J")
      let document = try ended.document()
      #expect(document.request?.bytes == 1 << 20 && document.request?.runs == 2 && document.request?.warmup == 0)
      #expect(document.results.map(\.threads) == [1])
      let wrong = try ktaskctl("clear", "-J", "-s", "-1")
      #expect(wrong.status == 64 && wrong.message.contains("negative"))
      #expect(try wrong.document().errors.map(\.code) == ["usage"])
    }

    @Test(
      "a size where a FILE is named is taken for one",
      arguments: [
        ("clear", 1, "ktaskctl clear --size 1G"), ("pin", 1, "ktaskctl pin --size 1G"),
        ("prefault", 64, "ktaskctl prefault FILE --size 1G"), ("release", 1, "ktaskctl release FILE --size 1G"),
      ])
    func sizeMeant(command: String, status: Int32, remedy: String) throws {
      let folder = FileManager.default.currentDirectoryPath
      let ended = try start([command, "1G"]).end()
      #expect(ended.status == status && ended.remedy == remedy, "\(ended.err)")
      #expect(FileFacts(folder + "/1G") == nil)
      // a name that is no size gets no such remedy
      #expect(try start([command, "1Gee"]).end().remedy?.contains("1Gee") != true)
    }

    @Test(
      "what a command does not take it says so, and why",
      arguments: [
        (["release", "-r", "2", "f"], "release can be done once: it takes no -r"),
        (["exec", "-s", "1M", "--warmup", "1", "--", "true"], "exec makes memory once: it takes no --warmup"),
        (["verify", "--unlink", "f"], "verify takes no --unlink"),
      ])
    func notTaken(words: [String], why: String) throws {
      let ended = try start(words).end()
      #expect(ended.status == 64 && ended.message == "ktaskctl: wrong usage: \(why)", "\(ended.err)")
      #expect(ended.remedy == "ktaskctl \(words[0]) --help")
    }

    @Test(
      "help is there for every command by name, too",
      arguments: ["clear", "prefault", "pin", "release", "verify", "exec", "run", "topology"])
    func helpByName(command: String) throws {
      let ended = try ktaskctl("help", command)
      #expect(ended.status == 0)
      #expect(ended.out.contains("USAGE: ktaskctl \(command)"))
    }

    @Test("a FILE named twice is refused, under whatever name")
    func namedTwice() throws {
      let file = scratch.file("vm")
      for other in [file, scratch.path + "/./vm"] {
        let ended = try ktaskctl("prefault", file, other, "--size", "2M")
        #expect(ended.status == 64, "\(ended.err)")
        #expect(ended.message == "ktaskctl: \(other): is the same file as one named before it")
        #expect(FileFacts(file) == nil)
      }
      try tool("truncate", "--size", "2M", file)
      try tool("ln", file, scratch.file("link"))
      #expect(try ktaskctl("prefault", file, scratch.file("link")).status == 64)
      #expect(FileFacts(file)?.allocated == 0)
    }

    @Test("help for what is no command is wrong usage")
    func noHelp() throws {
      let ended = try ktaskctl("help", "nope")
      #expect(ended.status == 64 && ended.message == "ktaskctl: wrong usage: there is no command “nope”")
      #expect(try ktaskctl("help", "prefault").status == 0)
      #expect(try start(["pin"] + (1...40).map { "\($0)" }).end().message.hasSuffix("Unexpected argument '2 …'"))
    }

    @Test("an offset may be zero in any unit", arguments: ["0", "0K", "0.0G"])
    func noOffset(word: String) throws {
      let file = scratch.file("vm")
      #expect(Host.write("x", to: file))
      #expect(try ktaskctl("release", file, "--offset", word, "--dry-run").status == 0)
    }
  }
}
