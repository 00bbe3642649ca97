import TestSupport
import Testing

/// Clients in other languages, each of which checks what it gets: it says "done" in the end.
@Suite("Clients in C++ and Rust")
struct ClientsInOtherLanguagesTests {
  private let folder: TemporaryFolder
  private let library: String
  private var program: String { folder.file("client") }

  init() throws {
    folder = try TemporaryFolder("clients")
    library = try BuiltLibrary.folder.get()
  }

  @Test(
    "C++: destructors, a lambda as the thread function, undo, memory", arguments: ["clang++", "g++"],
    ["c++17", "c++20"])
  func plusPlus(compiler: String, standard: String) throws {
    if !Tools.has(compiler) { try Test.cancel("needs \(compiler)") }
    let words = [compiler, "-std=\(standard)", "-O2", "-Wall", "-Wextra", "-Werror", "-I", Client.include]
    let built = run(words + ["\(Client.sources)/client.cc", "-o", program] + Client.linking(library))
    #expect(built.status == 0 && built.text == "", "\(built.text)")
    let ended = run([program])
    #expect(ended.status == 0 && ended.text == "done\n", "\(ended.text)")
  }

  @Test("Rust: extern functions alone", .enabled(if: Tools.has("rustc"), "needs rustc"))
  func rust() throws {
    let words = ["rustc", "--edition", "2021", "-O", "-D", "warnings", "-L", library]
    let built = run(
      words + ["-C", "link-arg=-Wl,-rpath,\(library)", "\(Client.sources)/client.rs", "-o", program])
    #expect(built.status == 0 && built.text == "", "\(built.text)")
    let ended = run([program])
    #expect(ended.status == 0 && ended.text.hasPrefix("done 1."), "\(ended.text)")
  }
}
