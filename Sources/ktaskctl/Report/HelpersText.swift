import KTask

/// How helpers behave, for plans and for `topology`.
extension HelperPriority {
  func text(limit: Int, isMachineWide: Bool) -> String {
    let scope = isMachineWide ? "over all processes" : "within this process only: no /run/ktask to share"
    return "helpers: nice \(nice), at most \(limit) at once, \(scope); \(tail.text)"
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
    /// At once, and whether over all processes.
    var limit: Int
    var machineWide: Bool

    init(_ priority: HelperPriority, limit: Int, isMachineWide: Bool) {
      nice = priority.nice
      tail = priority.tail.rawValue
      self.limit = limit
      machineWide = isMachineWide
    }

    enum CodingKeys: String, CodingKey {
      case nice, tail, limit
      case machineWide = "machine_wide"
    }
  }
}
