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

  /// As the user would write it: "auto", "all", "1,2,4".
  var text: String {
    switch self {
    case .automatic: "auto"
    case .all: "all"
    case .counts(let counts): counts.map(String.init).joined(separator: ",")
    }
  }

  private static let kind = "thread count"

  private static func counts(in word: String) throws(WordError) -> [Int] {
    var seen = Set<Int>()
    var counts: [Int] = []
    for part in word.split(separator: ",", omittingEmptySubsequences: false) {
      counts += try range(in: String(part), of: word).filter { seen.insert($0).inserted }
    }
    return counts
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
