/// One helper's leave to run, counted in a budget until the end of its life.
struct HelperPermit: ~Copyable {
  struct Grant {
    /// Where it is counted, and where its places among all processes' are.
    let counts: HelperCounts
    let table: PlaceTable?
    /// The node it is counted on; nil: on none, the helper may run anywhere.
    var node: Int?
    /// What it has of the machine's places, and of the node's.
    var place: PlaceTable.Place?
    var nodePlace: PlaceTable.Place?
    var isWithinLimit = true
  }
  private let budget: HelperBudget
  private var grant: Grant
  /// False while the helper rests.
  private var isHeld = true

  init(budget: HelperBudget, _ grant: Grant) {
    self.budget = budget
    self.grant = grant
  }

  var node: Int? { grant.node }
  /// False: there because so many were asked for, beyond the system-wide limit.
  var isWithinLimit: Bool { grant.isWithinLimit }

  mutating func move(to node: Int?) { budget.move(&grant, to: node) }

  /// Lets others have it while the helper rests.
  mutating func giveBack() {
    if isHeld { budget.release(&grant) }
    isHeld = false
  }

  /// Takes it again, on `node`, as at first; false where the limit has been reached.
  mutating func takeAgain(on node: Int?) -> Bool {
    if !isHeld { isHeld = budget.renew(&grant, on: node) }
    return isHeld
  }

  deinit {
    if isHeld {
      var last = grant
      budget.release(&last)
    }
  }
}
