import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// The units under a real systemd: make deb-check.
  @Suite("The units for systemd", .enabled(if: Host.has("systemd-analyze"), "needs systemd-analyze, of systemd"))
  struct UnitTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    static let units = ["ktaskctl-prefault@.service", "ktaskctl-pin@.service", "ktaskctl-stock@.service"]

    private func text(_ name: String) throws -> String {
      let folder = Checkout.folder.appending(path: "Sources/Packaging")
      return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    /// As installed beside the built program.
    private func installed(_ name: String) throws -> String {
      let folder = URL(filePath: BuiltProgram.path).deletingLastPathComponent().path
      #expect(Host.write(try text(name).replacing("@BIN@", with: folder), to: scratch.file(name)))
      return scratch.file(name)
    }

    @Test("systemd finds nothing to say against them", arguments: units)
    func verify(name: String) throws {
      let ended = try Child(["systemd-analyze", "verify", "--man=no", installed(name)]).end()
      #expect(ended.status == 0)
      #expect(ended.out + ended.err == "")
    }

    @Test("systemd says so where a unit is wrong, or this test would see nothing")
    func wrong() throws {
      let path = try installed(Self.units[0])
      #expect(Host.write(Host.text(path).replacing("LimitMEMLOCK", with: "LimitMEMLICK"), to: path))
      let ended = try Child(["systemd-analyze", "verify", "--man=no", path]).end()
      #expect(ended.err.contains("LimitMEMLICK"))
    }

    @Test("they leave a program little that it does not need", arguments: units)
    func exposure(name: String) throws {
      let ended = try Child(
        ["systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=30", installed(name)]).end()
      if ended.err.contains("unrecognized option") { try Test.cancel("systemd-analyze is too old to rate a file") }
      #expect(ended.status == 0, "\(ended.out.split(separator: "\n").last ?? "")")
    }

    @Test("the command of each is one that the program takes", arguments: units)
    func command(name: String) throws {
      let line = try text(name).split(separator: "\n").first { $0.hasPrefix("ExecStart=@BIN@/ktaskctl ") }
      let words = line?.split(separator: " ").dropFirst().map(String.init) ?? []
      let file = scratch.file("vm")
      try tool("truncate", "--size", "4M", file)
      let stock = try StockFolder(scratch, on: "tmpfs")
      let filled = words.flatMap { word -> [String] in
        switch word {
        case "$OPTIONS": ["--size", "4M", "--dry-run"]
        case "$FILES": [file]
        case "$FILE", "--watch", "--settings": []
        // what that file has, for once
        case "/etc/ktaskctl/%i.conf": ["--size", "4M", "--dry-run", stock.path]
        default: [word]
        }
      }
      let ended = try start(filled).end()
      #expect(ended.status == 0, "\(filled): \(ended.err)")
      #expect(words.contains { ["--hold", "--watch"].contains($0) } && ended.out.hasPrefix("plan: "))
    }
  }
}
