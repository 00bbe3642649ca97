import Testing

@testable import ktaskctl

@Suite("The nearest word")
struct NearestWordTests {
  private static let commands = ["clear", "prefault", "pin", "release", "verify", "exec", "compare", "topology"]

  @Test(
    "a slip or two lead to the word that was meant",
    arguments: [
      ("claer", "clear"), ("clera", "clear"), ("cler", "clear"), ("cleear", "clear"), ("pni", "pin"), ("pn", "pin"),
      ("prefualt", "prefault"), ("exce", "exec"), ("topolgoy", "topology"), ("verfy", "verify"), ("CLEAR", nil),
      ("run", nil), ("frobnicate", nil), ("", nil), ("p", nil),
    ])
  func commands(word: String, meant: String?) { #expect(NearestWord.to(word, among: Self.commands) == meant) }

  @Test("the fewest slips win, and of as many the first that is known")
  func fewest() {
    #expect(NearestWord.to("--sizes", among: ["--since", "--size"]) == "--size")
    #expect(NearestWord.to("--bize", among: ["--nice", "--size", "--wize"]) == "--size")
    #expect(NearestWord.to("-x", among: ["-s", "-t"]) == nil, "a letter alone is near to any other")
  }

  @Test(
    "slips are counted as a typist makes them",
    arguments: [
      ("", "", 0), ("a", "", 1), ("", "ab", 2), ("ab", "ba", 1), ("abc", "acb", 1), ("kitten", "sitting", 3),
      ("clear", "clear", 0),
    ])
  func slips(from: String, to: String, count: Int) {
    #expect(NearestWord.slips(Array(from), Array(to)) == count)
    #expect(NearestWord.slips(Array(to), Array(from)) == count)
  }

  @Test("a word as long as a file is compared with nothing")
  func long() { #expect(NearestWord.to(String(repeating: "x", count: 100_000), among: Self.commands) == nil) }
}
