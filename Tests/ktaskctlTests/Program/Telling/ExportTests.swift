import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("Exports", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ExportTests {
    let scratch: Scratch
    let memory: String
    let json: String

    init() throws {
      scratch = try Scratch()
      memory = try scratch.tmpfs(mebibytes: 80) + "/vm"
      json = scratch.file("report.json")
    }

    /// Names in the directory of the exports.
    private var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: scratch.path)) ?? [] }

    private func document(_ path: String) throws -> Answer {
      try Ended(status: 0, out: Host.text(path), err: "", seconds: 0).document()
    }

    @Test("an earlier file is replaced as a whole, and keeps its mode and its owner")
    func replaced() throws {
      #expect(Host.write("old", to: json))
      try tool("chmod", "0644", json)
      try tool("chown", "65534:65534", json)
      let old = try FileHandle(forReadingFrom: URL(filePath: json))
      #expect(try ktaskctl("clear", "--size", "16M", "--export-json", json).status == 0)
      #expect(try document(json).results.count > 0)
      #expect(try tool("stat", "--format", "%a %u %g", json) == "644 65534 65534\n")
      #expect(try old.readToEnd() == Data("old".utf8), "who has it open reads what it was")
      #expect(names.count { $0.contains("report") } == 1 && !names.contains { $0.hasPrefix(".ktaskctl-") })
    }

    @Test("a new file has the mode that umask leaves", arguments: [("022", "644"), ("027", "640"), ("077", "600")])
    func mode(umask: String, mode: String) throws {
      let shell = ["sh", "-c", "umask \(umask); exec \"$@\"", "sh"]
      let ended = try start(["clear", "--size", "4M", "--runs", "1", "--export-json", json], under: shell).end()
      #expect(ended.status == 0)
      #expect(try tool("stat", "--format", "%a", json) == mode + "\n")
    }

    @Test("a disk that is full leaves the earlier file as it was, and the run is undone")
    func full() throws {
      let disk = try scratch.tmpfs(mebibytes: 1)
      let json = disk + "/report.json"
      #expect(Host.write("old", to: json))
      _ = try? tool("dd", "if=/dev/zero", "of=\(disk)/rest", "bs=4K", "count=300")
      let ended = try ktaskctl("prefault", memory, "--size", "16M", "--export-json", json)
      #expect(ended.status == 1)
      let why = "No space left on device (ENOSPC); undone, 16 MiB given back"
      #expect(ended.message == "ktaskctl: \(json): the export could not be written: \(why)")
      #expect(Host.text(json) == "old")
      #expect(FileFacts(memory) == nil)
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk).sorted() == ["report.json", "rest"])
    }

    @Test(
      "what fails when the new file takes the name leaves the old one",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func rename() throws {
      #expect(Host.write("old", to: json))
      let ended = try start(
        ["prefault", memory, "--size", "16M", "--json", "--export-json", json],
        under: Traced.failing("renameat", "EIO", when: "1+")
      ).end()
      #expect(ended.status == 1)
      #expect(ended.message.contains("the export could not be written: Input/output error (EIO); undone"))
      #expect(Host.text(json) == "old")
      #expect(!names.contains { $0.hasPrefix(".ktaskctl-") })
      let document = try ended.document()
      #expect(document.errors.map(\.path) == [json] && document.errors.map(\.errno) == ["EIO"])
      #expect(document.undone?.complete == true)
      #expect(FileFacts(memory) == nil)
    }

    @Test("where one export fails, the others and --json name it and say that all was undone")
    func othersKnow() throws {
      let ended = try ktaskctl(
        "prefault", memory, "--size", "16M", "--json", "--export-json", json, "--export-csv", "/dev/full")
      #expect(ended.status == 1)
      for document in [try ended.document(), try document(json)] {
        #expect(document.errors.map(\.path) == ["/dev/full"] && document.errors.map(\.errno) == ["ENOSPC"])
        #expect(document.undone?.bytes == 16 << 20 && document.undone?.complete == true)
        #expect(document.files.map(\.addedBytes) == [0])
      }
      #expect(FileFacts(memory) == nil)
    }

    @Test("where standard output takes no report, the export says so")
    func outputFails() throws {
      let ended = try start(
        ["prefault", memory, "--size", "16M", "--export-json", json],
        under: ["sh", "-c", "exec \"$@\" >/dev/full", "sh"]
      ).end()
      #expect(ended.status == 1)
      let document = try document(json)
      #expect(document.errors.map(\.errno) == ["ENOSPC"] && document.undone?.complete == true)
    }

    @Test("a link as an export stays a link, and what it leads to is replaced")
    func link() throws {
      let target = scratch.file("target")
      #expect(Host.write("old", to: target))
      try tool("ln", "-s", "target", json)
      #expect(try ktaskctl("clear", "--size", "16M", "--export-json", json).status == 0)
      #expect(try tool("readlink", json) == "target\n")
      #expect(try document(target).command == "clear")
      try tool("ln", "-s", "new", scratch.file("dangling"))
      #expect(try ktaskctl("clear", "--size", "16M", "--export-json", scratch.file("dangling")).status == 0)
      #expect(try document(scratch.file("new")).command == "clear")
    }

    @Test(
      "a link that another user has put where everybody may is not followed",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func plantedLink() throws {
      let shared = try scratch.tmpfs(mebibytes: 4)
      try tool("chmod", "1777", shared)
      #expect(Host.write("old", to: json))
      _ = try Child(Host.ordinaryUser + ["ln", "-s", json, shared + "/report.json"]).end()
      let ended = try ktaskctl("clear", "--size", "16M", "--export-json", shared + "/report.json")
      #expect(ended.status == 1)
      #expect(ended.message.hasSuffix("the export could not be written: Permission denied (EACCES)"), "\(ended.err)")
      #expect(Host.text(json) == "old")
    }

    @Test(
      "a FIFO that another user has put where everybody may is not waited for",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func plantedFIFO() throws {
      let shared = try scratch.tmpfs(mebibytes: 4)
      try tool("chmod", "1777", shared)
      _ = try Child(Host.ordinaryUser + ["mkfifo", shared + "/report.json"]).end()
      let ended = try ktaskctl("prefault", memory, "--size", "16M", "--export-json", shared + "/report.json")
      #expect(ended.status == 1)
      #expect(ended.message.hasSuffix("the export could not be written: Permission denied (EACCES)"), "\(ended.err)")
      #expect(FileFacts(memory) == nil)
    }

    @Test(
      "a link that another user has put anywhere is not followed",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func othersLink() throws {
      let theirs = scratch.file("theirs")
      try tool("mkdir", theirs)
      try tool("ln", "-s", json, theirs + "/report.json")
      try tool("ln", "-s", "/proc/self/fd", theirs + "/e")
      try tool("chown", "--recursive", "--no-dereference", "65534:65534", theirs)
      #expect(Host.write("old", to: json))
      let linked = try ktaskctl("prefault", memory, "--size", "4M", "--export-json", theirs + "/report.json")
      #expect(linked.message.hasSuffix("the export could not be written: Permission denied (EACCES)"), "\(linked.err)")
      let shell = ["bash", "-c", "exec 9>>\(json); exec \"$@\"", "bash"]
      let through = try start(
        ["prefault", memory, "--size", "4M", "--export-csv", theirs + "/e/9"], under: shell
      ).end()
      #expect(through.message.hasSuffix("(ELOOP)"), "\(through.err)")
      #expect([linked, through].map(\.status) == [1, 1])
      #expect(Host.text(json) == "old")
      #expect(FileFacts(memory) == nil, "it is found out before the work")
    }

    @Test(
      "what is found before the work is what is written, whatever becomes of its name meanwhile",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func kept() throws {
      let folder = scratch.file("reports")
      try tool("mkdir", folder)
      #expect(Host.write("old", to: folder + "/report.json"))
      let child = try start(
        ["prefault", memory, "--size", "6M", "--threads", "1", "--export-json", folder + "/report.json"],
        under: Traced.slow("madvise", milliseconds: 500))
      child.wait { FileFacts(memory)?.size == 6 << 20 }
      try tool("mv", folder, folder + "2")
      try tool("mkdir", folder)
      #expect(child.end().status == 0)
      #expect(try document(folder + "2/report.json").command == "prefault")
      #expect(FileFacts(folder + "/report.json") == nil)
    }

    @Test(
      "a file of another user that may not be written is refused before the work, and one that may is written",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func othersFile() throws {
      let shared = try scratch.tmpfs(mebibytes: 16)
      try tool("chmod", "1777", shared)
      let program = Host.ordinaryUser + [try scratch.programForAll(), "prefault", "--size", "4M", shared + "/vm"]
      let report = shared + "/report.json"
      #expect(Host.write("old", to: report))
      try tool("chmod", "0644", report)
      let refused = try Child(program + ["--export-json", report]).end()
      #expect(refused.status == 1 && refused.message.hasSuffix("(EACCES)"), "\(refused.err)")
      #expect(Host.text(report) == "old")
      #expect(FileFacts(shared + "/vm") == nil)
      try tool("chmod", "0666", report)
      #expect(try Child(program + ["--export-json", report]).end().status == 0)
      #expect(try document(report).command == "prefault")
    }

    @Test("what cannot be replaced is written to: standard output by any name, descriptors, a file mounted by itself")
    func written() throws {
      let plain = ["clear", "--size", "16M", "--export-csv"]
      for name in ["-", "/dev/stdout", "/proc/self/fd/1"] {
        let ended = try start(plain + [name]).end()
        #expect(ended.out.hasPrefix("clear anonymous memory") && ended.out.contains("\ncommand,mean,"), "\(name)")
      }
      let shell = ["bash", "-c", "exec 7>\(scratch.file("seven")); echo before >&7; exec \"$@\"", "bash"]
      #expect(try start(plain + ["/dev/fd/7"], under: shell).end().status == 0)
      #expect(Host.text(scratch.file("seven")).hasPrefix("before\ncommand,mean,"))
      #expect(Host.write("old", to: json) && Host.write("", to: scratch.file("mounted")))
      try tool("mount", "--bind", json, scratch.file("mounted"))
      scratch.finally { [path = scratch.file("mounted")] in _ = try? tool("umount", path) }
      #expect(try start(plain + [scratch.file("mounted")]).end().status == 0)
      #expect(Host.text(json).hasPrefix("command,mean,"))
      #expect(!names.contains { $0.hasPrefix(".ktaskctl-") })
    }

    @Test("an export never goes where the memory is by another name of it, nor --pidfile")
    func mixedUp() throws {
      #expect(try ktaskctl("prefault", memory, "--size", "4M").status == 0)
      let shell = ["bash", "-c", "exec 7<>\(memory); exec \"$@\"", "bash"]
      #expect(try start(["clear", "/proc/self/fd/7", "--export-json", memory], under: shell).end().status == 64)
      #expect(try start(["clear", memory, "--export-json", "/dev/fd/7"], under: shell).end().status == 64)
      #expect(try ktaskctl("prefault", memory + "2", "--size", "4M", "--pidfile", memory + "2").status == 64)
      #expect(try Content(memory).isZero)
    }

    @Test(
      "standard output takes one document, by whatever name",
      arguments: [
        ["--json", "--export-json", "/dev/stdout"], ["--plot", "/dev/fd/1", "--export-csv", "-"],
        ["--json", "--export-markdown", "/proc/self/fd/1"],
      ])
    func oneOnOutput(words: [String]) throws {
      let ended = try start(["clear", "--size", "4M", "--runs", "1"] + words).end()
      #expect(ended.status == 64 && ended.message.contains("standard output takes one of"), "\(ended.err)")
    }
  }
}
