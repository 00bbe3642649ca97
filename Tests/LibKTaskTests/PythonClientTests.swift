import Foundation
import TestSupport
import Testing

private let hasPython = hasTool("python3", "-c", "import ctypes, multiprocessing, unittest")

@Suite("Clients in Python", .enabled(if: hasPython, "needs python3 with ctypes and unittest"))
struct ClientsInPythonTests {
  private static let package = BuiltLibrary.sources + "/Python"
  private static let sources = Checkout.folder.path + "/Tests/LibKTaskTests/Clients"
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder("python")
    _ = try BuiltLibrary.build.get()
  }

  /// In an empty folder, so that only what is named is found; nothing is written beside the sources.
  private func python(_ words: [String], path: String = package, library: String = BuiltLibrary.shared) -> Command {
    Command(
      ["env", "-C", folder.path, "python3", "-W", "error", "-W", "ignore::DeprecationWarning"] + words,
      environment: ["PYTHONPATH": path, "KTASK_LIBRARY": library, "PYTHONDONTWRITEBYTECODE": "1"])
  }

  @Test("do with the package what they want: memory of every kind, errors, progress, Ctrl-C, threads")
  func package() throws {
    try python(["-m", "unittest", "discover", "-s", "\(Self.sources)/Python"]).demand()
  }

  @Test(
    "have the structures, flags and bounds of ktask.h", .enabled(if: BuiltLibrary.hasClang, "there is no clang here"))
  func structures() throws {
    let program = folder.file("structures")
    let words = ["clang", "-Wall", "-Wextra", "-Werror", "-I", BuiltLibrary.header, "-o", program]
    try Command(words + ["\(Self.sources)/structures.c"]).demand()
    #expect(try Command([program]).demand() == python(["\(Self.sources)/Python/structures.py"]).demand())
  }

  @Test("import a wheel that carries the library and needs nothing else, and is the same when made again")
  func wheel() throws {
    let wheels = try (1...2).map { number in
      let make = Command(["python3", Self.package + "/wheel.py", folder.file("\(number)"), BuiltLibrary.shared])
      return try make.demand().trimmingCharacters(in: .newlines)
    }
    #expect(try Data(contentsOf: URL(filePath: wheels[0])) == Data(contentsOf: URL(filePath: wheels[1])))
    let unpacked = folder.file("site")
    try Command(["python3", "-m", "zipfile", "-e", wheels[0], unpacked]).demand()
    let script = "import ktask; print(ktask.library_version() == ktask.__version__, ktask.plan(1 << 30).threads > 0)"
    #expect(try python(["-c", script], path: unpacked, library: "").demand() == "True True\n")
  }

  @Test("are told which library is missing, and what to do")
  func missing() throws {
    let ended = try python(["-c", "import ktask"], library: "/nowhere/libktask.so.1").run()
    #expect(ended.status == 1)
    #expect(ended.words.contains("ImportError: ktask: /nowhere/libktask.so.1: cannot open shared object file"))
    #expect(ended.words.contains("let KTASK_LIBRARY name the library"))
  }
}
