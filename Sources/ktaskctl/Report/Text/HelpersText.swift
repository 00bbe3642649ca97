import KTask

extension HelperRules {
  /// For plans.
  var text: String { "helpers: nice \(nice), at most \(atOnce); \(tail.text)" }

  /// How many there may be: "1 at once over all processes (1 free now)".
  var atOnce: String {
    "\(limit) at once "
      + (isMachineWide
        ? "over all processes (\(left) free now)" : "within this process only: no /run/ktask to share")
  }
}

extension TailRule {
  var text: String {
    switch self {
    case .lends: "the caller lends its priority to one at a time at the end"
    case .retires:
      "nothing is lent (--no-lend, no CAP_SYS_NICE, or that is not known): they retire before they would be waited for"
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

    init(_ rules: ktaskctl.HelperRules) {
      nice = rules.nice
      tail = rules.tail.rawValue
      limit = rules.limit
      left = rules.left
      machineWide = rules.isMachineWide
    }

    enum CodingKeys: String, CodingKey {
      case nice, tail, limit, left
      case machineWide = "machine_wide"
    }
  }
}
