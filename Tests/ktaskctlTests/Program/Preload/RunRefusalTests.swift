import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("ktaskctl run: programs that cannot be reached", .enabled(if: Preloaded.isBuilt, Preloaded.need))
  struct RunRefusalTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// A copy of the caller, changed.
    private func copy(_ name: String, _ change: (inout Data) throws -> Void = { _ in }) throws -> String {
      var data = try Data(contentsOf: URL(filePath: Preloaded.caller))
      try change(&data)
      let path = scratch.file(name)
      try data.write(to: URL(filePath: path))
      _ = unsafe chmod(path, 0o755)
      return path
    }

    /// Without its loader's entry: PT_INTERP (3) becomes PT_NULL.
    private static func withoutLoader(_ data: inout Data) {
      let start = Int(data[32]) | Int(data[33]) << 8
      let size = Int(data[54])
      let count = Int(data[56])
      for entry in 0..<count where data[start + entry * size] == 3 { data[start + entry * size] = 0 }
    }

    private static func withLoader(_ name: String) -> (inout Data) throws -> Void {
      { data in
        let old = try #require(data.range(of: Data("/lib64/ld-linux-x86-64.so.2\0".utf8)), "another machine")
        data.replaceSubrange(old, with: Data(name.utf8) + Data(count: old.count - name.utf8.count))
      }
    }

    private func expectRefusal(_ program: String, _ why: String) throws {
      let ended = try ktaskctl("run", "--", program, "populate-none")
      #expect(ended.status == 8, "\(ended.err)")
      #expect(ended.message.hasPrefix("ktaskctl: \(program): ") && ended.message.contains(why), "\(ended.err)")
      #expect(ended.remedy?.contains("--best-effort") == true)
      let dry = try ktaskctl("run", "--best-effort", "--dry-run", "--", program)
      #expect(dry.status == 0 && dry.out.contains("calls     left alone: it ") && dry.out.contains(why))
    }

    @Test("are refused, with the reason and a remedy, before anything runs")
    func refused() throws {
      try expectRefusal(copy("static", Self.withoutLoader), "is linked statically")
      try expectRefusal(
        copy("musl", Self.withLoader("/lib/ld-musl-x86_64.so.1")), "of another C library, whose loader is /lib/ld-musl")
      try expectRefusal(copy("other") { $0[18] = 0x28 }, "for another machine")
    }

    @Test("are refused by the interpreter where they are scripts")
    func scripts() throws {
      let program = try copy("static", Self.withoutLoader)
      let script = scratch.file("script")
      try Data("#! \(program) word\n".utf8).write(to: URL(filePath: script))
      _ = unsafe chmod(script, 0o755)
      try expectRefusal(script, "is linked statically")
      try Data("echo ran\n".utf8).write(to: URL(filePath: script))
      #expect(try ktaskctl("run", "--", script).out == "ran\n", "a shell's, without a line that says so")
      let outer = scratch.file("outer")
      try Data("#!/bin/sh\necho outer\n".utf8).write(to: URL(filePath: outer))
      _ = unsafe chmod(outer, 0o755)
      #expect(try ktaskctl("run", "--", outer).out == "outer\n")
    }

    @Test(
      "are refused where they would have other rights", .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func rights() throws {
      let program = try copy("setuid")
      _ = unsafe chown(program, 1, 1)
      _ = unsafe chmod(program, 0o4755)
      try expectRefusal(program, "has rights that its caller has not")
      let none = try start(["run", "--", program, "populate-none"], under: ["setpriv", "--no-new-privs"]).end()
      #expect(none.status == 0, "\(none.err)")
      _ = unsafe chmod(program, 0o2755)
      try expectRefusal(program, "has rights that its caller has not")
      _ = unsafe chmod(program, 0o755)
      #expect(try ktaskctl("run", "--", program, "populate-none").status == 0)
    }

    @Test("are not what the loader starts by its own name", .enabled(if: Host.has("readelf"), "needs readelf"))
    func loader() throws {
      let head = try tool("readelf", "-lW", BuiltProgram.path)
      let loader = try #require(head.firstMatch(of: /interpreter: (\S+)\]/)).1
      let ended = try ktaskctl("run", "-v", "--", String(loader), Preloaded.caller, "populate-private")
      #expect(ended.status == 0 && ended.err.contains("1 large call\n"), "\(ended.err)")
    }

    @Test("are run with --best-effort though nobody reads the pipe that is to have no report")
    func unreadPipe() throws {
      let (program, pipe) = (try copy("static", Self.withoutLoader), scratch.file("pipe"))
      try tool("mkfifo", pipe)
      let ended = try ktaskctl("run", "-v", "--best-effort", "--report", pipe, "--", program)
      #expect(ended.err.hasPrefix("ktaskctl: \(program): run as it is: is linked statically"), "\(ended.err)")
      #expect(!ended.err.contains("could not be written"), "\(ended.err)")
    }

    @Test("are run as they are with --best-effort, which -v tells, and the report of what was before is gone")
    func bestEffort() throws {
      let program = scratch.file("script")
      let machine = try copy("static", Self.withoutLoader)
      try Data("#!\(machine)\n".utf8).write(to: URL(filePath: program))
      _ = unsafe chmod(program, 0o755)
      let report = scratch.file("report")
      try Data("old".utf8).write(to: URL(filePath: report))
      let ended = try ktaskctl("run", "-v", "--best-effort", "--report", report, "--", program)
      #expect(Host.text(report) == "")
      #expect(ended.err.hasPrefix("ktaskctl: \(program): run as it is: is linked statically"), "\(ended.err)")
    }

    @Test("that are not there, or are no programs, are told as exec tells them")
    func missing() throws {
      let missing = try ktaskctl("run", "--", "no-such-command")
      #expect(missing.status == 127)
      #expect(missing.message == "ktaskctl: no-such-command: cannot be run: No such file or directory (ENOENT)")
      #expect(try ktaskctl("run", "--", "").status == 127)
      let plain = scratch.file("plain")
      try Data().write(to: URL(filePath: plain))
      #expect(try ktaskctl("run", "--", plain).status == 126)
    }

    @Test("wrong words are refused")
    func usage() throws {
      #expect(try ktaskctl("run").status == 64)
      #expect(try ktaskctl("run", "--threads", "1,2", "--", "true").status == 64)
      #expect(try ktaskctl("run", "--page-size", "2M", "--", "true").status == 64)
      #expect(try ktaskctl("run", "--least", "0", "--", "true").status == 64)
    }
  }
}
