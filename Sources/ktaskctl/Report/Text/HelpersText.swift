import KTask

/// How helpers behave, for plans and for `topology`.
extension HelperPriority {
  func text(_ budget: HelperBudget) -> String {
    let scope =
      budget.isMachineWide
      ? "over all processes (\(budget.left) free now)" : "within this process only: no /run/ktask to share"
    return "helpers: nice \(nice), at most \(budget.limit) at once \(scope); \(tail.text)"
  }
}

extension TailRule {
  var text: String {
    switch self {
    case .lends: "the caller lends its priority to one at a time at the end"
    case .retires: "nothing is lent (--no-lend, or no CAP_SYS_NICE): they retire before they would be waited for"
    case .equals: "they run at the caller's priority or above"
    }
  }
}

extension Document {
  /// How helpers behave.
  struct HelperRules: Encodable, Equatable, Sendable {
    var nice: Int
    /// "lends", "retires", "equals".
    var tail: String
    /// At once, how many more there could be now, and whether over all processes.
    var limit: Int
    var left: Int
    var machineWide: Bool

    init(_ priority: HelperPriority, _ budget: HelperBudget) {
      nice = priority.nice
      tail = priority.tail.rawValue
      limit = budget.limit
      left = budget.left
      machineWide = budget.isMachineWide
    }

    enum CodingKeys: String, CodingKey {
      case nice, tail, limit, left
      case machineWide = "machine_wide"
    }
  }
}
