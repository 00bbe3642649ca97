/// How much of all that there is was tried: which calls of which run, which of their occurrences, and each with which errors. What
/// fails from some time on counts for the call that is the first to.
struct Coverage {
  /// A call, one of its occurrences, and one of its errors.
  private struct Way: Hashable {
    var scenario: String
    var call: String
    var occurrence: Substring
    var result: String
  }
  private var tried: Set<Way> = []
  private var calls = 0
  private var occurrences = 0
  private var ways = 0
  private var leftAlone = 0
  private var others = 0

  /// What a run makes of calls where nothing fails.
  mutating func add(_ counts: [String: Int]) {
    for (call, count) in counts {
      let results = Injection.results(call).count
      if results == 0 {
        leftAlone += count
        continue
      }
      calls += 1
      occurrences += count
      ways += count * results
    }
  }

  /// A fault that was met.
  mutating func add(_ fault: Fault, in scenario: Scenario) {
    guard case .injection(let injection) = fault, !injection.isSignal else {
      others += 1
      return
    }
    tried.insert(
      Way(
        scenario: scenario.name, call: injection.call, occurrence: injection.when.prefix { $0 != "+" },
        result: injection.result))
  }

  mutating func add(_ other: Coverage) {
    tried.formUnion(other.tried)
    (calls, occurrences, ways) = (calls + other.calls, occurrences + other.occurrences, ways + other.ways)
    (leftAlone, others) = (leftAlone + other.leftAlone, others + other.others)
  }

  var sentence: String {
    let met = Set(tried.map { Way(scenario: $0.scenario, call: $0.call, occurrence: "", result: "") }).count
    let times = Set(tried.map { Way(scenario: $0.scenario, call: $0.call, occurrence: $0.occurrence, result: "") })
      .count
    return
      "\(met) of \(calls) calls, \(times) of their \(occurrences) occurrences, \(tried.count) of these with all errors, "
      + "which are \(ways); \(others) signals and circumstances; \(leftAlone) occurrences left alone as nonsense"
  }
}
