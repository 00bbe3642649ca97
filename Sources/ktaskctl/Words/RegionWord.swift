import LinuxSystem

/// What one `--region` asks for: `path=FILE,size=SIZE,nodes=NODES`, in any order, each at most once.
struct RegionWord: Hashable, Sendable {
  /// As the user wrote it.
  let text: String
  /// nil: anonymous memory.
  var path: String?
  var size: ByteSize?
  var nodes: NodesWord?

  /// Reads a region, or says what is wrong with it. A comma ends a value only where `NAME=` follows: node lists and
  /// paths have commas of their own.
  static func parse(_ word: String) throws(WordError) -> RegionWord {
    var region = RegionWord(text: word)
    var seen = Set<Substring>()
    if word.isEmpty { throw wrong(word, "is empty") }
    for (name, value) in try pairs(word) {
      if !seen.insert(name).inserted { throw wrong(word, "has two values for \(name)") }
      switch name {
      case "path":
        if value.isEmpty { throw wrong(word, "has an empty path") }
        region.path = value
      case "size": region.size = try ByteSize.parse(value)
      case "nodes": region.nodes = try NodesWord.parse(value)
      default: throw wrong(word, "has the unknown part “\(name)”; known are path=, size= and nodes=")
      }
    }
    return region
  }

  /// Reads several of them (`ManyWords`).
  static func parseAll(_ words: String) throws(WordError) -> [RegionWord] {
    var regions: [RegionWord] = []
    for word in ManyWords.parts(words) { regions.append(try parse(word)) }
    return regions
  }

  private static func pairs(_ word: String) throws(WordError) -> [(name: Substring, value: String)] {
    var pairs: [(name: Substring, value: String)] = []
    for part in word.split(at: UInt8(ascii: ","), keepingEmpty: true) {
      let sides = part.split(at: UInt8(ascii: "="), keepingEmpty: true)
      if sides.count > 1, sides[0].allSatisfy(\.isLetter) {
        pairs.append((sides[0], String(part[sides[1].startIndex...])))
      } else if pairs.isEmpty {
        throw wrong(word, "is not path=FILE, size=SIZE and nodes=NODES with commas between")
      } else {
        pairs[pairs.count - 1].value += "," + part
      }
    }
    return pairs
  }

  private static func wrong(_ word: String, _ why: String) -> WordError {
    WordError(kind: "region", word: word, why: why)
  }
}
