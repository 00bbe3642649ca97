import Glibc
import LinuxSystem

/// Seconds that the runs of one contestant took.
struct Times {
  private let sorted: [Double]

  init(_ seconds: [Double]) { sorted = seconds.sorted() }

  var median: Double { quantile(0.5) }

  /// Half the distance between the quartiles, as a share of the median.
  var spread: Double { (quantile(0.75) - quantile(0.25)) / 2 / median }

  var text: String { "\(median.asTime) ±\((spread * 100).fixed(1)) %" }

  private func quantile(_ share: Double) -> Double {
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
  }
}

/// Something to measure: a run, its seconds.
struct Contestant {
  let name: String
  let run: () throws -> Double

  /// The wall time of `run`.
  static func timed(_ name: String, _ run: @escaping () throws -> Void) -> Contestant {
    Contestant(name: name) { try seconds(of: run) }
  }
}

/// The contestants' times, each run once without counting and then `rounds` times in turns; every other round goes
/// the other way, so that nobody always follows the same neighbour.
func inTurns(_ rounds: Int, _ contestants: [Contestant]) throws -> [Times] {
  for contestant in contestants { _ = try contestant.run() }
  var times = contestants.map { _ in [Double]() }
  for round in 0..<rounds {
    let order = round.isMultiple(of: 2) ? Array(contestants.indices) : contestants.indices.reversed()
    for index in order { times[index].append(try contestants[index].run()) }
  }
  return times.map(Times.init)
}

func seconds(of body: () throws -> Void) rethrows -> Double {
  let began = Clock.now()
  try body()
  return Double(Clock.now() - began) / 1e9
}

/// Prints a Markdown table, the first column's cells to the left, the others' to the right.
func printTable(_ heading: [String], _ rows: [[String]]) {
  func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
  print(line(heading))
  print(line(heading.indices.map { $0 == 0 ? "---" : "---:" }))
  for row in rows { print(line(row)) }
  print("")
}

/// A line of reading; it says so where the times that it is read from are spread too wide to be trusted.
func printReading(_ text: String, of times: [Times] = []) {
  let widest = times.map(\.spread).max() ?? 0
  let doubt = widest > 0.1 ? " Doubtful: the runs differ by ±\((widest * 100).fixed(0)) %; was the machine busy?" : ""
  print("Reading: \(text)\(doubt)\n")
  // into a file or a pipe, too, as soon as it is known
  fflush(nil)
}

extension Double {
  /// Rounded to `decimals` digits after the point.
  func fixed(_ decimals: Int) -> String {
    let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = Int((magnitude * scale).rounded())
    let rest = "\(scaled % Int(scale))"
    let sign = self < 0 && scaled > 0 ? "-" : ""
    if decimals == 0 { return "\(sign)\(scaled)" }
    return "\(sign)\(scaled / Int(scale))." + String(repeating: "0", count: decimals - rest.count) + rest
  }

  /// Seconds for a reader.
  var asTime: String {
    switch magnitude {
    case ..<1e-3: (self * 1e6).fixed(magnitude < 1e-4 ? 2 : 1) + " µs"
    case ..<1: (self * 1e3).fixed(2) + " ms"
    default: fixed(3) + " s"
    }
  }
}

extension Int {
  /// Bytes as GiB or MiB.
  var asSize: String { self >= 1 << 30 ? "\((Double(self) / 0x1p30).fixed(0)) GiB" : "\(self >> 20) MiB" }
}
