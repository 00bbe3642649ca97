import Foundation
import TestSupport
import Testing

private let hasPython = run(["python3", "-c", "import ctypes, multiprocessing, unittest"]).status == 0

@Suite("Clients in Python", .enabled(if: hasPython, "needs python3 with ctypes and unittest"))
struct ClientsInPythonTests {
  private static let package = Checkout.folder.appending(path: "Sources/Python").path
  private let folder: TemporaryFolder
  private let library: String

  init() throws {
    folder = try TemporaryFolder("python")
    library = try BuiltLibrary.folder.get() + "/libktask.so.1"
  }

  /// In an empty folder, so that only what is named is found; nothing is written beside the sources.
  private func python(_ words: [String], path: String, library: String = "") -> Ended {
    run(
      ["-C", folder.path, "python3", "-W", "error"] + words,
      ["PYTHONPATH": path, "KTASK_LIBRARY": library, "PYTHONDONTWRITEBYTECODE": "1"])
  }

  @Test("do with the package what they want: memory of every kind, errors, progress, Ctrl-C, threads")
  func package() {
    let ended = python(
      ["-m", "unittest", "discover", "-s", "\(Client.sources)/Python"], path: Self.package, library: library)
    #expect(ended.status == 0, "\(ended.text)")
  }

  @Test("have the structures, flags and bounds of ktask.h")
  func structures() {
    let program = folder.file("structures")
    let words = ["clang", "-Wall", "-Wextra", "-Werror", "-I", Client.include, "-o", program]
    let built = run(words + ["\(Client.sources)/structures.c"])
    #expect(built.status == 0, "\(built.text)")
    let (inC, inPython) = (
      run([program]), python(["\(Client.sources)/Python/structures.py"], path: Self.package, library: library)
    )
    #expect(inC.status == 0 && inC.text == inPython.text)
  }

  @Test("import a wheel that carries the library and needs nothing else, and is the same when made again")
  func wheel() throws {
    let wheels = (1...2).map { number in
      let made = run(["python3", Self.package + "/wheel.py", folder.file("\(number)"), library])
      #expect(made.status == 0, "\(made.text)")
      return made.text.trimmingCharacters(in: .newlines)
    }
    #expect(try Data(contentsOf: URL(filePath: wheels[0])) == Data(contentsOf: URL(filePath: wheels[1])))
    // a wheel that is not unpacked cannot be imported, since the library is a file
    let unpacked = folder.file("site")
    #expect(run(["python3", "-m", "zipfile", "-e", wheels[0], unpacked]).status == 0)
    let ended = python(
      ["-c", "import ktask; print(ktask.library_version()); print(ktask.plan(1 << 30).threads > 0)"], path: unpacked)
    #expect(ended.status == 0 && ended.text == "1.0.0\nTrue\n", "\(ended.text)")
  }

  @Test("are told which library is missing, and what to do")
  func missing() {
    let ended = python(["-c", "import ktask"], path: Self.package, library: "/nowhere/libktask.so.1")
    #expect(ended.status == 1)
    #expect(ended.text.contains("ImportError: ktask: /nowhere/libktask.so.1: cannot open shared object file"))
    #expect(ended.text.contains("let KTASK_LIBRARY name the library"))
  }
}
