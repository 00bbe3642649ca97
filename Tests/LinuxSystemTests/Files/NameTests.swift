import LinuxSystem
import Testing

@Suite("Names of files")
struct NameTests {
  /// A mark that goes onto the character before it.
  private static let mark = "\u{301}"

  @Test("are in the directory before the last slash, whatever letters they begin with")
  func directories() {
    #expect(directory(of: "/a/\(Self.mark)b") == "/a")
    #expect(directory(of: "\(Self.mark)b") == ".")
    #expect(directory(of: "/\(Self.mark)") == "/")
    #expect(directory(of: "/b") == "/")
    #expect(directory(of: "b") == ".")
    #expect(isAbsolute("/\(Self.mark)"))
    #expect(!isAbsolute("a/b"))
    #expect(!isAbsolute(""))
  }

  @Test("are split at bytes")
  func parts() {
    let parts = components(of: "/a/\(Self.mark)b//c")
    #expect(parts.map { Array($0.utf8) } == ["a", "\(Self.mark)b", "c"].map { Array($0.utf8) })
    #expect("a,\(Self.mark)b,,".split(at: UInt8(ascii: ","), keepingEmpty: true).count == 4)
    #expect("a,b".dropFirst().split(at: UInt8(ascii: ",")) == ["b"])
  }

  @Test("are two where they look like one")
  func normalization() {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    #expect(composed == decomposed)
    #expect(!isSameName(composed, decomposed))
    #expect(isSameName(composed, composed))
  }
}
