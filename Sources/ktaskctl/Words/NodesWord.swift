/// What `--nodes` asks for, in numactl's words. Which nodes that are on this machine is found out later, by asking it.
struct NodesWord: Hashable, Sendable {
  /// As the user wrote it.
  let text: String

  /// No kernel has more nodes; a larger number is a slip of the finger.
  static let largestNode = 1023

  /// What stands for the nodes near a device, a file's disk, an address: numactl(8).
  private static let kinds = ["pci:", "netdev:", "block:", "file:", "ip:"]

  /// Reads `0-3,5`, `!2`, `+0`, `all`, `pci:0000:3b:00` or `0,pci:0000:3b:00`, or says what is wrong with it.
  static func parse(_ word: String) throws(WordError) -> NodesWord {
    if word.isEmpty { throw wrong(word, "is empty") }
    let list = word.drop { $0 == "!" || $0 == "+" }
    guard ["", "!", "+", "!+"].contains(word[..<list.startIndex]) else {
      throw wrong(word, "has more than one ! or +, or + before !")
    }
    if list.isEmpty { throw wrong(word, "names no node") }
    try check(list, of: word)
    return NodesWord(text: word)
  }

  /// A list like `0-3,5`. Its last part may be something else than numbers, and has whatever commas follow.
  private static func check(_ list: Substring, of word: String) throws(WordError) {
    var rest = list
    while rest != "all" {
      if let kind = kinds.first(where: rest.hasPrefix) {
        if rest == kind { throw wrong(word, "does not say which \(kind.dropLast())") }
        return
      }
      let part = rest.prefix { $0 != "," }
      try checkNumbers(part, of: word)
      if part.endIndex == rest.endIndex { return }
      rest = rest[part.endIndex...].dropFirst()
    }
  }

  private static func checkNumbers(_ part: Substring, of word: String) throws(WordError) {
    if part.isEmpty { throw wrong(word, "has a comma too many") }
    let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let first = try node(ends[0], of: word)
    let last = try node(ends[ends.count - 1], of: word)
    if last < first { throw wrong(word, "runs backwards; write \(last)-\(first)") }
  }

  private static func node(_ digits: Substring, of word: String) throws(WordError) -> Int {
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw wrong(word, "is not all, nor nodes like 0-3,5, !2 or +0, nor a place like pci:0000:3b:00")
    }
    // libnuma would read 010 as 8
    if digits.count > 1, digits.first == "0" { throw wrong(word, "has a number with a zero in front") }
    guard let node = Int(digits), node <= largestNode else { throw wrong(word, "has a node above \(largestNode)") }
    return node
  }

  private static func wrong(_ word: String, _ why: String) -> WordError {
    WordError(kind: "nodes", word: word, why: why)
  }
}
