@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("--mode and --owner of files that are made", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct NewFileTests {
    let scratch: Scratch
    let folder: String
    init() throws {
      scratch = try Scratch()
      folder = try scratch.tmpfs(mebibytes: 80)
    }

    private func prefault(_ words: String..., under: [String] = []) throws -> Ended {
      try start(["prefault", folder + "/f", "--size", "4M"] + words, under: under).end()
    }

    /// "640 65534:0"
    private func rights(_ name: String = "f") throws -> String {
      try tool("stat", "--format", "%a %u:%g", "\(folder)/\(name)").split(separator: "\n").joined()
    }

    @Test(
      "are what is asked for, by names and by numbers, whatever umask says",
      arguments: [
        ([], "600 0:0"), (["--mode", "640"], "640 0:0"), (["--mode", "0666"], "666 0:0"), (["--mode", "0"], "0 0:0"),
        (["--owner", "65534"], "600 65534:0"), (["--owner", "nobody:"], "600 65534:65534"),
        (["--owner", ":65534"], "600 0:65534"), (["--owner", "+12345:root", "--mode", "660"], "660 12345:0"),
      ])
    func made(words: [String], rights: String) throws {
      let under = ["sh", "-c", "umask 077; exec \"$@\"", "sh"]
      let ended = try start(["prefault", folder + "/f", "--size", "4M"] + words, under: under).end()
      #expect(ended.status == 0 && ended.err == "", "\(ended.err)")
      #expect(try self.rights() == rights)
      #expect(FileFacts(folder + "/f")?.allocated == 4 << 20)
    }

    @Test("are every made file's, and recorded in the command and the document")
    func several() throws {
      let regions = ["a", "b"].flatMap { ["--region", "path=\(folder)/\($0),size=4M"] }
      let ended = try start(["prefault", "--mode", "640", "--owner", "nobody:0", "--json"] + regions).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ["a", "b"].map { try rights($0) } == ["640 65534:0", "640 65534:0"])
      #expect(ended.out.contains(" --mode 640 --owner nobody:0 "))
      #expect(ended.out.contains("\"mode\" : \"640\"") && ended.out.contains("\"owner\" : \"nobody:0\""))
      #expect(try #require(Schema.ofDocuments).faults(in: ended.out) == [])
    }

    @Test("a file that is there is left as it is, with a warning")
    func existing() throws {
      try tool("fallocate", "--length", "1M", folder + "/f")
      try tool("chmod", "604", folder + "/f")
      let ended = try prefault("--mode", "666", "--owner", "nobody")
      #expect(ended.status == 0)
      let warning = "there already: --mode and --owner are for files that are made"
      #expect(ended.err == "ktaskctl: warning: \(folder)/f: \(warning)\n")
      #expect(try rights() == "604 0:0")
      #expect(FileFacts(folder + "/f")?.allocated == 4 << 20)
    }

    @Test(
      "are given to what is open, never to a name, the owner first", .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func descriptors() throws {
      let log = scratch.file("calls")
      let ended = try prefault(
        "--mode", "660", "--owner", "nobody",
        under: ["strace", "-f", "-qq", "-o", log, "-e", "trace=chown,lchown,fchownat,chmod,fchmodat,fchown,fchmod"])
      #expect(ended.status == 0, "\(ended.err)")
      let calls = Host.text(log).split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first }
      let ofFile = calls.filter { !$0.contains("/run/ktask") }.map { $0.prefix { $0 != "(" } }
      #expect(ofFile == ["fchown", "fchmod"], "\(Host.text(log))")
    }

    @Test(
      "whoever dies while he makes a file leaves none that is another's, on whatever it lies",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"), arguments: ["fchown", "fchmod", "linkat"])
    func dies(call: String) throws {
      try scratch.reserve(2, of: .mebibytes2)
      for place in [folder, try scratch.hugetlbfs(.mebibytes2), scratch.file(".")] {
        let words = ["prefault", place + "/dying", "--size", "4M", "--owner", "1234:4242", "--mode", "660"]
        let ended = try start(words, under: Traced.killed(by: call)).end()
        #expect(ended.status != 0)
        if FileFacts(place + "/dying") != nil {
          #expect(try tool("stat", "--format", "%a %u:%g", place + "/dying") == "660 1234:4242\n")
        }
      }
    }

    @Test(
      "one that cannot be given is told, and the file is gone", .enabled(if: Host.canTrace, "\(Host.needsTrace)"),
      arguments: [
        ("fchown", "EPERM", 4 as Int32, "giving it to its owner failed: only root gives files to others (EPERM)"),
        ("fchown", "EIO", 1, "giving it to its owner failed: Input/output error (EIO)"),
        ("fchmod", "EPERM", 4, "setting its mode failed: Operation not permitted (EPERM)"),
      ])
    func failing(call: String, errno: String, status: Int32, why: String) throws {
      let ended = try prefault(
        "--mode", "660", "--owner", "nobody", under: Traced.failing(call, errno, when: "1+"))
      #expect(ended.status == status, "\(ended.err)")
      #expect(ended.message.hasPrefix("ktaskctl: \(folder)/f: \(why); undone"), "\(ended.err)")
      #expect(FileFacts(folder + "/f") == nil)
    }

    @Test(
      "an ordinary user gives no file away", .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func ordinaryUser() throws {
      let program = Host.ordinaryUser + [try scratch.programForAll(), "prefault", folder + "/f", "--size", "4M"]
      let ended = try Child(program + ["--owner", "root"]).end()
      #expect(ended.status == 4 && ended.remedy == "as root", "\(ended.err)")
      #expect(FileFacts(folder + "/f") == nil)
      #expect(try Child(program + ["--owner", "65534:65534", "--mode", "640"]).end().status == 0, "it is his anyway")
      #expect(try rights() == "640 65534:65534")
    }

    @Test(
      "words that mean nothing are wrong usage, and make nothing",
      arguments: [
        ["--mode", "rw"], ["--mode", "8"], ["--mode", "1777"], ["--owner", "no such user"],
        ["--owner", "root:no-group"],
        ["--owner", "99999:"], ["--owner", ":"],
      ])
    func usage(words: [String]) throws {
      let ended = try start(["prefault", folder + "/f", "--size", "4M"] + words).end()
      #expect(ended.status == 64 && ended.message.contains(words[0]), "\(ended.err)")
      #expect(FileFacts(folder + "/f") == nil)
    }

    @Test("--dry-run makes none")
    func dryRun() throws {
      #expect(try prefault("--owner", "nobody", "--dry-run").status == 0)
      #expect(FileFacts(folder + "/f") == nil)
    }
  }
}
