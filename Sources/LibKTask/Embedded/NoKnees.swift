// In the place of the search for a knee: nothing in the C interface asks for one, and the library is to stay small.

/// There are none.
struct KneeFinders {
  private let none: Never

  init?(_ seating: Seating, _ helpers: [Helper], alignment: Int, shifts: (@Sendable (Int) -> Int)?) { return nil }

  var areSeveral: Bool { false }
  var knee: Int? { nil }
  var steps: [KneeSample] { [] }
}

extension TaskRun where Work: ~Copyable {
  func assignRanks() {}
  func lookForKnee(_ pace: Pace) {}
  func isElsewhere(_ nodeTask: Int, than other: Int) -> Bool { false }
  func leave(_ record: UnsafeMutablePointer<Record>) {}
}
