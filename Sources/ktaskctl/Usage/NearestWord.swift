/// The word that was meant, where one is known that is nearly the same.
enum NearestWord {
  /// The first of `known` that the fewest slips of the finger make `word` of: one in a short word, two in a longer one.
  static func to(_ word: String, among known: [String]) -> String? {
    let allowed = word.count < 4 ? 1 : 2
    let near = known.filter { $0.count > 2 && abs($0.count - word.count) <= allowed }
      .map { (word: $0, slips: slips(Array(word), Array($0))) }
    return near.filter { $0.slips <= allowed }.min { $0.slips < $1.slips }?.word
  }

  /// A letter too many, one missing, another one, or two that changed places: by as many the words differ.
  static func slips(_ from: [Character], _ to: [Character]) -> Int {
    var (before, last) = ([Int](), Array(0...to.count))
    for (row, letter) in from.enumerated() {
      var next = [row + 1]
      for (column, other) in to.enumerated() {
        var least = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, next[column] + 1)
        if row > 0, column > 0, letter == to[column - 1], from[row - 1] == other {
          least = min(least, before[column - 1] + 1)
        }
        next.append(least)
      }
      (before, last) = (last, next)
    }
    return last[to.count]
  }
}
