import Testing

/// A command into which failures are injected, with the file that it is given and what it promises of it.
struct Scenario: Sendable, CustomTestStringConvertible {
  /// What a status of 0 says.
  enum Goal: Sendable, Equatable {
    /// FILE has all its memory, and the content that it had.
    case resident
    /// And nothing but zeros.
    case zero
    /// FILE is there and has no memory.
    case released
    case removed
    /// STOCK has so many files that are ready, and nothing else.
    case stocked(Int)
    /// FILE is one that was ready, or was made.
    case taken
    /// FILE is one of STOCK's by now, and dirty there.
    case returned
    /// Nothing that can be seen from outside.
    case nothing
    /// COMMAND ran, and said this.
    case ran(String)
  }

  /// How FILE was made.
  enum Made: Sendable {
    case missing, sparse, data, zeros
    /// The first half, which is all that it has: too short.
    case short
    /// The first half by fallocate(2), pattern at three quarters.
    case fallocated
    /// The pattern in the middle.
    case partly
    /// On a disk: all of it written, half of it in memory.
    case halfCached
  }

  var name: String
  /// nil: no file; `memfd`: one that the test has open.
  var place: String?
  var made = Made.missing
  /// FILE stands for the file, FOLDER for the directory that it is in, STOCK for a stock beside it.
  var words: [String]
  /// How many files are ready in it.
  var stocked = 0
  var goal = Goal.nothing
  /// How it ends when nothing fails.
  var status: Int32 = 0
  /// Its work takes content with it, which no undo brings back.
  var destroys = false

  var testDescription: String { name }

  /// Bytes of FILE.
  static let bytes = 8 << 20
  /// Where a document from an earlier run is.
  static let export = "FOLDER/export.json"

  /// Whether it takes huge pages from the machine's pool, or may: no other that does can run beside it, and what it leaves there
  /// is looked at.
  var usesPool: Bool { place == nil || place == "hugetlbfs" }
  /// Whether the pool is to have some.
  var needsPool: Bool { place == nil && (words.contains("2M") || words[0] == "topology") }

  /// The same on one thread.
  var alone: Scenario {
    var alone = self
    alone.name += " --threads 1"
    for (index, word) in words.enumerated().dropFirst() where words[index - 1] == "--threads" && word == "2" {
      alone.words[index] = "1"
    }
    return alone
  }
}
