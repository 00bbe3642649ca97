/// What threads gain when memory is pinned: by mlock, io_uring, VFIO and iommufd, cold and populated beforehand.
let pinBench = GuestBench(name: "pins", machines: [.twoNodes, .iommufd]) { machine in
  let table = try Pools.with([0: 64, 1: 64]) { () throws -> PinTable in
    var table = PinTable()
    for way in try PinWay.all(on: machine) {
      for pages in PinPages.all { try table.measure(way, pages) }
    }
    return table
  }
  return (table.markdown, table.json)
}

/// What pins the memory.
private struct PinWay {
  let name: String
  let with: String

  static func all(on machine: GuestMachine) throws -> [PinWay] {
    if machine == .iommufd { return [PinWay(name: "iommufd", with: "iommufd:\(Devices.first)")] }
    let (one, two) = try (Devices.group(), Devices.group(of: Devices.second))
    return [
      PinWay(name: "mlock", with: "mlock"), PinWay(name: "io_uring", with: "io_uring"),
      PinWay(name: "VFIO, one container", with: "vfio:\(one)"),
      PinWay(name: "VFIO, two containers", with: "vfio:\(one),\(two)"),
    ]
  }
}

private struct PinPages {
  let name: String
  let size: String
  let threads: [Int]
  let runs: (measured: Int, before: Int)

  /// There is one page of 1 GiB on each node.
  static let all = [
    PinPages(name: "4K", size: "128M", threads: [1, 2, 4], runs: (3, 1)),
    PinPages(name: "thp", size: "128M", threads: [1, 2, 4], runs: (3, 1)),
    PinPages(name: "2M", size: "128M", threads: [1, 2, 4], runs: (3, 1)),
    PinPages(name: "1G", size: "2G", threads: [1, 2], runs: (1, 1)),
  ]
}

private struct PinTable {
  private struct Cell {
    var median: Double
    var low: Double
    var high: Double
  }
  private struct Row {
    var way: String
    var pages: String
    var size: String
    /// By method, then by thread count; nil: not measured.
    var cells: [String: [Int: Cell]] = [:]
  }
  private static let methods = ["map-cold", "populate"]
  private static let threads = [1, 2, 4]
  private var rows: [Row] = []

  /// The thread counts take turns within each of the two calls.
  mutating func measure(_ way: PinWay, _ pages: PinPages) throws {
    var row = Row(way: way.name, pages: pages.name, size: pages.size)
    for method in Self.methods {
      let run = try Program([
        "ktaskctl", "pin", "--with", way.with, "--size", pages.size, "--page-size", pages.name, "--method", method,
        "--min-chunk", "4M", "--threads", pages.threads.map { "\($0)" }.joined(separator: ","), "--runs",
        "\(pages.runs.measured)", "--warmup", "\(pages.runs.before)", "--json",
      ]).wait(limit: 200)
      if run.status != 0 { throw TestEnd.failed("\(way.name), \(pages.name), \(method): \(run.errors)") }
      for result in try run.document()["results"].array {
        guard let threads = result["threads"].int, let median = result["median"].double,
          let low = result["min"].double, let high = result["max"].double
        else { throw TestEnd.failed("no figures: \(result)") }
        row.cells[method, default: [:]][threads] = Cell(median: median, low: low, high: high)
      }
    }
    rows.append(row)
  }

  var markdown: String {
    let heading = ["", "pages", "memory"] + Self.methods.flatMap { method in Self.threads.map { "\(method), \($0)" } }
    var lines = [heading, heading.map { _ in "---" }]
    for row in rows {
      let one = row.cells["map-cold"]?[1]?.median ?? 0
      lines.append(
        [row.way, row.pages, row.size]
          + Self.methods.flatMap { method in
            Self.threads.map { text(row.cells[method]?[$0], against: one) }
          })
    }
    return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
      + """

      Seconds: median (fastest to slowest), and how many times as fast as one thread that maps cold memory, in the same
      boot. map-cold: the call that pins makes the pages; populate: they are made first, in parallel, and then pinned; the
      figure is for both. Threads: 1, 2, 4. The guest's CPUs are emulated: ratios between the columns show what is
      serialised by locks and what is not; the times themselves, and what clearing costs against mapping, say nothing of
      hardware, and the host's CPUs bound every speed-up.

      """
  }

  private func text(_ cell: Cell?, against one: Double) -> String {
    guard let cell, cell.median > 0 else { return "–" }
    return "\(fixed(cell.median, 3)) (\(fixed(cell.low, 3))–\(fixed(cell.high, 3))) \(fixed(one / cell.median, 2))x"
  }

  var json: String {
    let objects = rows.map { row in
      let cells = row.cells.flatMap { method, byThreads in
        byThreads.map { threads, cell in
          "{\"method\":\"\(method)\",\"threads\":\(threads),\"median\":\(cell.median),\"min\":\(cell.low),"
            + "\"max\":\(cell.high)}"
        }
      }
      return "{\"with\":\"\(row.way)\",\"page_size\":\"\(row.pages)\",\"size\":\"\(row.size)\",\"results\":["
        + cells.sorted().joined(separator: ",") + "]}"
    }
    return "[" + objects.joined(separator: ",") + "]"
  }

  /// A number with so many digits after the point.
  private func fixed(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((value * Double(scale)).rounded())
    let rest = "\(scaled % scale)"
    return "\(scaled / scale)." + String(repeating: "0", count: digits - rest.count) + rest
  }
}
