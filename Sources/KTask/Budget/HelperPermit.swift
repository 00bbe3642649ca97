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

  init(budget: HelperBudget, _ grant: Grant) {
    self.budget = budget
    self.grant = grant
  }

  var node: Int? { grant.node }
  /// False: there because so many were asked for, beyond the system-wide limit.
  var isWithinLimit: Bool { grant.isWithinLimit }

  mutating func move(to node: Int?) { budget.move(&grant, to: node) }

  deinit { budget.release(grant) }
}
