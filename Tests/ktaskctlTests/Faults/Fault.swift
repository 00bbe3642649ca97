/// What goes wrong in one run.
enum Fault: CustomStringConvertible {
  case injection(Injection)
  case circumstance(Circumstance)

  var description: String {
    switch self {
    case .injection(let injection): "\(injection)"
    case .circumstance(let circumstance): circumstance.name
    }
  }
}

/// A scenario and what goes wrong in it: `verify tmpfs zeros | fail mmap ENOMEM 4`.
struct FaultLine {
  var scenario: String
  var fault: Fault
  var injection: Injection? { if case .injection(let injection) = fault { injection } else { nil } }

  init?(_ text: String) {
    let parts = text.split(separator: " | ", maxSplits: 1)
    if parts.count < 2 { return nil }
    scenario = String(parts[0])
    if let injection = Injection(parts[1]) {
      fault = .injection(injection)
    } else if let circumstance = Circumstance.all.first(where: { $0.name == parts[1] }) {
      fault = .circumstance(circumstance)
    } else {
      return nil
    }
  }
}
