import Foundation
import TestSupport
import Testing

/// Programs in C, each a file of `Clients/`, against the shared object and the archive.
@Suite(.serialized, .enabled(if: BuiltLibrary.hasClang, "there is no clang here"))
struct CClientTests {
  private static let clients = Checkout.folder.path + "/Tests/LibKTaskTests/Clients"

  /// Compiles a client; the program's path.
  private static func compile(_ name: String, _ folder: TemporaryFolder, _ library: [String]) throws -> String {
    _ = try BuiltLibrary.build.get()
    let program = folder.file(name)
    try Command(
      ["clang", "-std=gnu17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-I", BuiltLibrary.header, "-o", program]
        + ["\(clients)/\(name).c"] + library
    ).demand()
    return program
  }

  private static let dynamic = [BuiltLibrary.shared, "-Wl,-rpath,\(BuiltLibrary.folder)"]

  @Test(
    "a program in C finds what the manual promises",
    arguments: [
      "gigantic", "list", "nodes", "control", "memory", "lengths", "files", "private", "failing", "policy", "forks",
      "undo", "older",
      "layout",
    ])
  func client(_ name: String) throws {
    let folder = try TemporaryFolder()
    try Command([try Self.compile(name, folder, Self.dynamic)]).demand()
  }

  @Test("the library is a good guest in a program that loads it while it runs")
  func guest() throws {
    let folder = try TemporaryFolder()
    try Command([try Self.compile("guest", folder, []), BuiltLibrary.shared]).demand()
  }

  @Test(
    "the static archive does what the shared object does", .enabled(if: archiveExists, "only Embedded Swift makes one"))
  func archive() throws {
    let folder = try TemporaryFolder()
    try Command([try Self.compile("gigantic", folder, [BuiltLibrary.folder + "/libktask.a", "-lm"])]).demand()
  }

  private static var archiveExists: Bool {
    (try? BuiltLibrary.build.get()) != nil
      && FileManager.default.fileExists(atPath: BuiltLibrary.folder + "/libktask.a")
  }
}

/// The interface to those who were built against it.
struct ABITests {
  /// Everything else is hidden; a name is never taken away.
  private static let names = [
    "ktask_clear", "ktask_iter_range", "ktask_lock", "ktask_plan", "ktask_populate", "ktask_prefault_fd",
    "ktask_release", "ktask_run", "ktask_run_numa", "ktask_verify", "ktask_version",
  ]

  @Test("the shared object exports the interface, each name with its version, and nothing else")
  func exports() throws {
    _ = try BuiltLibrary.build.get()
    let table = try Command(["nm", "-D", "--defined-only", "--with-symbol-versions", BuiltLibrary.shared]).demand()
    let exported = table.split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) }
      .filter { $0 != "KTASK_1" }
    #expect(exported.sorted() == Self.names.map { $0 + "@@KTASK_1" })
  }

  @Test("it has a soname, needs the C library alone, stays loaded, and runs nothing before main")
  func dynamics() throws {
    _ = try BuiltLibrary.build.get()
    let table = try Command(["readelf", "-d", BuiltLibrary.shared]).demand()
    #expect(table.contains("Library soname: [libktask.so.1]"))
    #expect(table.contains("NODELETE"))
    // one constructor, of the compiler's own start-up files, which does nothing
    #expect(table.firstMatch(of: #/\(INIT_ARRAYSZ\) *8 /#) != nil, "\(table)")
    #expect(!table.contains("RUNPATH") && !table.contains("RPATH"))
    let needed = table.split(separator: "\n").filter { $0.contains("(NEEDED)") }
    #expect(needed.allSatisfy { $0.contains("[libc.so.6]") || $0.contains("[libm.so.6]") }, "\(needed)")
    #expect(try FileManager.default.attributesOfItem(atPath: BuiltLibrary.shared)[.size] as? Int ?? .max <= 350 << 10)
  }

  @Test("the library and the program have one version")
  func version() throws {
    let c = try String(contentsOfFile: BuiltLibrary.sources + "/CKTask/version.c", encoding: .utf8)
    let program = try String(
      contentsOfFile: BuiltLibrary.sources + "/ktaskctl/Commands/Ktaskctl.swift", encoding: .utf8)
    let version = try #require(program.firstMatch(of: /version = "([^"]+)"/)).1
    #expect(c.contains("return \"\(version)\";"))
  }
}
