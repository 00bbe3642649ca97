internal import LinuxSystem

/// numactl's words for nodes, given their meaning among the nodes that a process may have memory of: `0-3,5`, `!2`, `+0`,
/// `all`, and at the end of a list the node near a device.
struct NodeWords: Sendable {
  let allowed: NodeSet
  /// The nodes near `netdev:eth0` and its like.
  let near: @Sendable (Substring) throws(NodeSetError) -> NodeSet

  func nodes(_ words: String) throws(NodeSetError) -> NodeSet {
    var list = Substring(words)
    let isInverted = list.first == "!"
    if isInverted { list.removeFirst() }
    let isRelative = list.first == "+"
    if isRelative { list.removeFirst() }
    let named = Set(try numbers(list, isRelative))
    let set = NodeSet(isInverted ? allowed.numbers.filter { !named.contains($0) } : Array(named))
    if set.numbers.isEmpty { throw .empty }
    return set
  }

  private func numbers(_ list: Substring, _ isRelative: Bool) throws(NodeSetError) -> [Int] {
    var numbers: [Int] = []
    var rest = list
    while true {
      if rest.first?.isLetter == true { return try numbers + last(rest) }
      let part = rest.prefix { $0 != "," }
      numbers += try range(part, isRelative)
      if part.endIndex == rest.endIndex { return numbers }
      rest = rest[part.endIndex...].dropFirst()
    }
  }

  /// What ends a list, with whatever commas it has.
  private func last(_ word: Substring) throws(NodeSetError) -> [Int] {
    if word == "all" { return allowed.numbers }
    let nodes = try near(word)
    for node in nodes.numbers { try check(node) }
    return nodes.numbers
  }

  private func range(_ part: Substring, _ isRelative: Bool) throws(NodeSetError) -> [Int] {
    let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let first = try node(ends[0], of: part, isRelative)
    let last = try node(ends[ends.count - 1], of: part, isRelative)
    if last < first { throw .unknown("node description `\(part)' runs backwards") }
    return allowed.numbers.filter { first <= $0 && $0 <= last }
  }

  private func node(_ digits: Substring, of part: Substring, _ isRelative: Bool) throws(NodeSetError) -> Int {
    guard digits.allSatisfy(\.isASCII), let number = Int(digits), number >= 0 else {
      throw .unknown("unparseable node description `\(part)'")
    }
    let isThere = !isRelative || number < allowed.numbers.count
    let node = isRelative && isThere ? allowed.numbers[number] : number
    if !isThere { throw Self.outOfRange(number) }
    try check(node)
    return node
  }

  private func check(_ node: Int) throws(NodeSetError) {
    if !allowed.contains(node) { throw Self.outOfRange(node) }
  }

  private static func outOfRange(_ node: Int) -> NodeSetError { .unknown("node argument \(node) is out of range") }
}
