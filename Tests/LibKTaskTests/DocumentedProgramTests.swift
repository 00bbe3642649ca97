import Foundation
import TestSupport
import Testing

/// A program that the manual or the README shows.
struct DocumentedProgram: CustomTestStringConvertible {
  let page: String
  let name: String
  let says: String
  var testDescription: String { "\(page): \(name)" }

  static let all = [
    DocumentedProgram(page: "man/ktask.3", name: "ready.c", says: "ready, by libktask "),
    DocumentedProgram(page: "man/ktask.3", name: "ready.py", says: "ready, by libktask "),
    DocumentedProgram(
      page: "man/ktask_run.3", name: "roots.c",
      says: "the root of 144 is 12\nNumerical argument out of domain; the root of 144 is 0\n"),
    DocumentedProgram(page: "man/ktask_run.3", name: "list.c", says: "4999950000\n"),
    DocumentedProgram(
      page: "man/ktask_populate.3", name: "cache.c", says: "268435456 bytes are there, and zero\n"),
    DocumentedProgram(page: "man/ktask_populate.3", name: "memfd.c", says: "67108864 of 67108864 bytes\n"),
    DocumentedProgram(page: "README.md", name: "ready.c", says: "1073741824 bytes are there, by "),
    DocumentedProgram(page: "README.md", name: "ready.py", says: "1073741824 bytes are there, by "),
  ]

  func text() throws -> String {
    let tests = Checkout.folder.path + "/Tests"
    let script = page.hasSuffix(".md") ? "\(tests)/Package/block.sh" : "\(tests)/recipe.sh"
    return try Command([script, "\(Checkout.folder.path)/\(page)", name]).demand()
  }
}

@Suite("What the manual and the README show of the library")
struct DocumentedProgramTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder("documented")
    _ = try BuiltLibrary.build.get()
  }

  @Test("runs, and says what it is meant to", arguments: DocumentedProgram.all)
  func program(_ program: DocumentedProgram) throws {
    let source = folder.file(program.name)
    try Data(program.text().utf8).write(to: URL(filePath: source))
    let ended: Command.Ended
    if program.name.hasSuffix(".py") {
      if !hasTool("python3", "-c", "import ctypes") { try Test.cancel("needs python3 with ctypes") }
      let environment = ["PYTHONPATH": BuiltLibrary.sources + "/Python", "KTASK_LIBRARY": BuiltLibrary.shared]
      ended = try Command(["sh", "-c", "python3 -B \"$1\" 2>/dev/null", "sh", source], environment: environment).run()
    } else {
      ended = try Command(["sh", "-c", "\"$1\" 2>/dev/null", "sh", compiled(source)]).run()
    }
    #expect(ended.status == 0 && ended.words.hasPrefix(program.says), "\(ended)")
  }

  /// The program's path; a warning is an error.
  private func compiled(_ source: String) throws -> String {
    guard let compiler = ["cc", "gcc", "clang"].first(where: { hasTool($0, "--version") }) else {
      try Test.cancel("there is no compiler here")
    }
    let program = folder.file("program")
    let words = [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-I", BuiltLibrary.header, "-o", program, source]
    try Command(words + [BuiltLibrary.shared, "-Wl,-rpath,\(BuiltLibrary.folder)"]).demand()
    return program
  }

  @Test("is all tried here", arguments: ["ktask.3", "ktask_run.3", "ktask_populate.3", "ktask.7"])
  func complete(page: String) throws {
    let path = Checkout.folder.path + "/man/\(page)"
    let shown = try Command([Checkout.folder.path + "/Tests/recipe.sh", path]).demand().split(separator: "\n")
    #expect(Set(shown) == Set(DocumentedProgram.all.filter { $0.page == "man/\(page)" }.map { $0.name[...] }))
  }

  @Test(
    "ktask(3) has the structures' sizes",
    arguments: [
      "ktask_ctl", "ktask_node", "ktask_watch", "ktask_outcome", "ktask_failure", "ktask_options", "ktask_result",
    ])
  func sizes(structure: String) throws {
    let source = folder.file("size.c")
    let text = """
      #include <ktask.h>
      #include <stdio.h>
      int main(void) { printf("%zu", sizeof(struct \(structure))); return 0; }
      """
    try Data(text.utf8).write(to: URL(filePath: source))
    let size = try Command([compiled(source)]).demand()
    let page = try String(contentsOfFile: Checkout.folder.path + "/man/ktask.3", encoding: .utf8)
    #expect(page.contains(".It Vt struct \(structure) Ta \(size)\n"))
  }
}
