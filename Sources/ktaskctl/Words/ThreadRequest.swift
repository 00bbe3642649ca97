/// What `--threads` asks for. What it comes to on this machine is the plan's business.
enum ThreadRequest: Equatable, Sendable {
  /// As many as the policy allows.
  case automatic
  /// One per CPU that this process may run on.
  case all
  /// These counts, one after the other, in the order given and each once.
  case counts([Int])

  /// No machine has more CPUs; a larger count is a slip of the finger.
  static let largestCount = 65_536

  /// Reads `auto`, `all`, `4`, `1,2,4`, `1-8` or `1,4-6`, or says what is wrong with it.
  static func parse(_ word: String) throws(WordError) -> ThreadRequest {
    switch word {
    case "": throw WordError(kind: kind, word: word, why: "is empty")
    case "auto": return .automatic
    case "all": return .all
    default: return .counts(try counts(in: word))
    }
  }

  /// As the user would write it: "auto", "all", "1,2,4", "1-8".
  var text: String {
    switch self {
    case .automatic: "auto"
    case .all: "all"
    case .counts(let counts): Self.runs(counts).map(Self.text).joined(separator: ",")
    }
  }

  /// Counts that follow each other by one belong together.
  private static func runs(_ counts: [Int]) -> [ClosedRange<Int>] {
    counts.reduce(into: []) { runs, count in
      if let last = runs.last, count == last.upperBound + 1 {
        runs[runs.count - 1] = last.lowerBound...count
      } else {
        runs.append(count...count)
      }
    }
  }

  private static func text(_ run: ClosedRange<Int>) -> String {
    run.count > 2 ? "\(run.lowerBound)-\(run.upperBound)" : run.map(String.init).joined(separator: ",")
  }

  private static let kind = "thread count"

  private static func counts(in word: String) throws(WordError) -> [Int] {
    var left = CountsLeft()
    var counts: [Int] = []
    for part in word.split(separator: ",", omittingEmptySubsequences: false) {
      counts += left.take(try range(in: String(part), of: word))
    }
    return counts
  }

  /// The counts that have not been named yet. However many ranges name one again, it is passed over and not looked at.
  private struct CountsLeft {
    /// For each the next from it on that may be left.
    private var next = Array(0...ThreadRequest.largestCount + 1)

    mutating func take(_ range: ClosedRange<Int>) -> [Int] {
      var taken: [Int] = []
      var count = first(from: range.lowerBound)
      while count <= range.upperBound {
        taken.append(count)
        next[count] = count + 1
        count = first(from: count)
      }
      return taken
    }

    private mutating func first(from start: Int) -> Int {
      var count = start
      while next[count] != count {
        next[count] = next[next[count]]
        count = next[count]
      }
      return count
    }
  }

  /// The counts that one part between commas stands for: `4` is 4...4, `1-8` is 1...8.
  private static func range(in part: String, of word: String) throws(WordError) -> ClosedRange<Int> {
    if part.isEmpty { throw WordError(kind: kind, word: word, why: "has a comma too many") }
    if part == "auto" || part == "all" {
      throw WordError(kind: kind, word: word, why: "joins “\(part)” with other counts; it stands alone")
    }
    if part.hasPrefix("-") { throw WordError(kind: kind, word: part, why: "is negative") }
    let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let first = try count(ends[0], of: part)
    let last = try count(ends[ends.count - 1], of: part)
    if last < first {
      throw WordError(kind: kind, word: part, why: "runs backwards; write \(last)-\(first)")
    }
    return first...last
  }

  private static func count(_ digits: Substring, of part: String) throws(WordError) -> Int {
    guard let number = NumberWord(String(digits)), number.isWhole else {
      throw WordError(kind: kind, word: part, why: "is not auto, all, or counts like 4, 1,2,4 or 1-8")
    }
    guard let count = number.times(1), count <= largestCount else {
      throw WordError(kind: kind, word: part, why: "is more than \(largestCount)")
    }
    if count == 0 {
      throw WordError(kind: kind, word: part, why: "is zero: one thread at least does the work")
    }
    return count
  }
}
