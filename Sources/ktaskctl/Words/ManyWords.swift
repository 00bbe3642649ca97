internal import ArgumentParser
import LinuxSystem

/// Words that may come by the thousand: files, regions, COMMAND's own. ArgumentParser takes time by the square of the number of
/// words; so many are handed to it as one, joined by the one byte that no word can have, and taken apart afterwards.
struct ManyWords: Hashable, Sendable, ExpressibleByArgument {
  let words: [String]

  init(argument: String) { words = Self.parts(argument) }

  private static let joint = UInt8(0)

  /// As many words are left to ArgumentParser as they are.
  private static let few = 32

  static func parts(_ word: String) -> [String] { word.split(at: joint, keepingEmpty: true).map(String.init) }

  /// A message that quotes such a word: the first of them stands for all.
  static func shortened(_ message: String) -> String {
    let parts = parts(message)
    guard parts.count > 1, let first = parts.first, let last = parts.last else { return message }
    return first + " …" + (last.lastIndex(of: "'").map { String(last[$0...]) } ?? "")
  }

  private static func joined(_ words: some Sequence<String>) -> String { words.joined(separator: "\0") }

  /// The command line with fewer words: regions that can be read become one, and of long rows of words that are no options all
  /// but the first two, which may be a command and an option's value.
  static func folding(_ words: [String]) -> [String] {
    let own = words.prefix { $0 != "--" }
    let others = words[own.endIndex...]
    return shortening(joiningRegions(own))
      + (others.count > few ? others.prefix(2) + [joined(others.dropFirst(2))] : others)
  }

  private static func joiningRegions(_ words: some Sequence<String>) -> [String] {
    var (rest, regions) = ([String](), [String]())
    for word in words {
      let isValue = rest.last == "--region"
      let value =
        isValue ? word : word.utf8.starts(with: "--region=".utf8) ? String(Substring(word.utf8.dropFirst(9))) : nil
      if let value, (try? RegionWord.parse(value)) != nil {
        if isValue { rest.removeLast() }
        regions.append(value)
      } else {
        rest.append(word)
      }
    }
    return regions.isEmpty ? rest : rest + ["--region=" + joined(regions)]
  }

  private static func shortening(_ words: [String]) -> [String] {
    var (short, row) = ([String](), [String]())
    for word in words + ["-"] {
      if word.utf8.first != UInt8(ascii: "-") {
        row.append(word)
        continue
      }
      short += row.count > few ? row.prefix(2) + [joined(row.dropFirst(2))] : row
      short.append(word)
      row = []
    }
    return Array(short.dropLast())
  }
}
