import Foundation
import TestSupport
import Testing

/// Clients in other languages, each of which checks what it gets: it says "done" in the end.
@Suite("Clients in C++ and Rust")
struct ClientsInOtherLanguagesTests {
  private static let sources = Checkout.folder.path + "/Tests/LibKTaskTests/Clients"
  private let folder: TemporaryFolder
  private var program: String { folder.file("client") }

  init() throws {
    folder = try TemporaryFolder("clients")
    _ = try BuiltLibrary.build.get()
  }

  @Test(
    "C++: destructors, a lambda as the thread function, undo, memory", arguments: ["clang++", "g++"],
    ["c++17", "c++20"])
  func plusPlus(compiler: String, standard: String) throws {
    if !hasTool(compiler, "--version") { try Test.cancel("needs \(compiler)") }
    let words = [compiler, "-std=\(standard)", "-O2", "-Wall", "-Wextra", "-Werror", "-I", BuiltLibrary.header]
    let library = [BuiltLibrary.shared, "-Wl,-rpath,\(BuiltLibrary.folder)"]
    let warnings = try Command(words + ["\(Self.sources)/client.cc", "-o", program] + library).demand()
    #expect(warnings == "")
    #expect(try Command([program]).demand() == "done\n")
  }

  @Test("Rust: extern functions alone", .enabled(if: hasTool("rustc", "--version"), "needs rustc"))
  func rust() throws {
    let library = ["-L", BuiltLibrary.folder, "-C", "link-arg=-Wl,-rpath,\(BuiltLibrary.folder)"]
    let words = ["rustc", "--edition", "2021", "-O", "-D", "warnings"] + library
    let warnings = try Command(words + ["\(Self.sources)/client.rs", "-o", program]).demand()
    #expect(warnings == "")
    #expect(try Command([program]).demand().hasPrefix("done 1."))
  }
}

/// Whether a command is there, and does something.
func hasTool(_ words: String...) -> Bool { (try? Command(words).run().status) == 0 }
