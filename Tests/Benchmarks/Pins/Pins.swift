import FoundationEssentials
import LinuxSystem

extension Part {
  static let pins = Part(
    name: "pins", title: "memory pinned cold, and made first and pinned then, by 1, 2 and 4 threads",
    measure: measurePins)
}

/// What pins the memory.
struct PinWay {
  let name: String
  /// As ktaskctl is told; nil: this machine has no device for it.
  let with: String?

  /// VFIO and iommufd need devices that nobody uses: those that are bound to vfio-pci.
  static func all() throws -> [PinWay] {
    let free = try IOMMUGroup.numbers().compactMap { try IOMMUGroup.of($0) }
      .filter { !$0.devices.isEmpty && $0.devices.allSatisfy { $0.driver == "vfio-pci" } }
    let groups = free.map { "\($0.number)" }
    let device = try free.flatMap(\.devices).first { try $0.vfioNode() != nil }
    return [
      PinWay(name: "mlock", with: "mlock"), PinWay(name: "io_uring", with: "io_uring"),
      PinWay(name: "VFIO, one container", with: groups.first.map { "vfio:\($0)" }),
      PinWay(name: "VFIO, two containers", with: groups.count < 2 ? nil : "vfio:\(groups[0]),\(groups[1])"),
      PinWay(name: "iommufd", with: device.map { "iommufd:\($0.address)" }),
    ]
  }
}

private struct PinPages {
  let name: String
  /// A page's.
  let size: Int
  let bytes: Int
  let isPool: Bool

  static func all(_ setting: Setting) -> [PinPages] {
    let bytes = fitting(setting.quick ? 256 << 20 : 1 << 30)
    return [
      PinPages(name: "4K", size: 4 << 10, bytes: bytes, isPool: false),
      PinPages(name: "thp", size: 2 << 20, bytes: bytes, isPool: false),
      PinPages(name: "2M", size: 2 << 20, bytes: bytes, isPool: true),
      // with one page there would be nothing to share
      PinPages(name: "1G", size: 1 << 30, bytes: 2 << 30, isPool: true),
    ]
  }

  /// Sees to it that a pool has them.
  func reserve() throws {
    if isPool, try HugePages.reserve(bytes, pageSize: size) < bytes {
      throw Skip("there is no \(bytes.asSize) of them")
    }
  }
}

/// A column: a method, and how many threads.
private struct PinColumn {
  let method: String
  let threads: Int

  static let all = ["map-cold", "populate"].flatMap { method in
    [1, 2, 4].map { PinColumn(method: method, threads: $0) }
  }
  var name: String { "\(method), \(threads)" }
}

/// A row of the table, as it is written into the JSON document: times in seconds.
private struct PinRow: Encodable {
  struct Cell: Encodable {
    let method: String
    let threads: Int
    let median: Double
    let spread: Double
    /// How many times as fast as one thread that pins cold memory.
    let ratio: Double
  }
  let with: String
  let pageSize: String
  let bytes: Int
  let cells: [Cell]

  enum CodingKeys: String, CodingKey {
    case with, bytes
    case pageSize = "page_size"
    case cells = "results"
  }
}

private func measurePins(_ setting: Setting) throws {
  var rows: [PinRow] = []
  var left: [String] = []
  for pages in PinPages.all(setting) {
    do {
      try pages.reserve()
      for way in try PinWay.all() {
        guard let with = way.with else { continue }
        rows.append(try measurePin(setting, way.name, with, pages))
      }
    } catch let reason as Skip {
      left.append("\(pages.name): \(reason)")
    }
  }
  left += try PinWay.all().filter { $0.with == nil }.map { "\($0.name): no device here is bound to vfio-pci" }
  printTable(["", "pages", "memory"] + PinColumn.all.map(\.name), rows.map(cells))
  print(
    """
    The seconds, their spread, and how many times as fast as one thread that pins cold memory. map-cold: the call that \
    pins makes the pages; populate: they are made first and pinned then, and the time is for both. On a machine that is \
    emulated the ratios show what locks serialise and what they do not; the times, and what clearing costs against \
    mapping, say nothing of hardware, and the host's CPUs bound every ratio.

    """)
  if !left.isEmpty { print("Left out: \(left.joined(separator: "; ")).\n") }
  if let file = setting.json { try JSONEncoder().encode(rows).write(to: URL(filePath: file)) }
}

/// The six columns take turns, a process each.
private func measurePin(_ setting: Setting, _ name: String, _ with: String, _ pages: PinPages) throws -> PinRow {
  // more threads than there are CPUs, or pages, would be another column again
  let most = min(try CPUSet.allowed().count, pages.bytes / pages.size)
  let columns = PinColumn.all.filter { $0.threads <= most }
  let times = try inTurns(
    setting.quick ? 3 : 7,
    columns.map { column in
      Contestant(name: column.name) {
        let report = try Report.of([
          setting.program, "pin", "--with", with, "--size", "\(pages.bytes)", "--page-size", pages.name, "--method",
          column.method, "--threads", "\(column.threads)", "--min-chunk", "4M", "--runs", "1", "--warmup",
          setting.quick ? "0" : "1",
        ])
        return report.results[0].times[0]
      }
    })
  return PinRow(
    with: name, pageSize: pages.name, bytes: pages.bytes,
    cells: zip(columns, times).map { column, time in
      PinRow.Cell(
        method: column.method, threads: column.threads, median: time.median, spread: time.spread,
        ratio: times[0].median / time.median)
    })
}

private func cells(_ row: PinRow) -> [String] {
  [row.with, row.pageSize, row.bytes.asSize]
    + PinColumn.all.map { column in
      guard let cell = row.cells.first(where: { $0.method == column.method && $0.threads == column.threads }) else {
        return "–"
      }
      return "\(cell.median.asTime) ±\((cell.spread * 100).fixed(0)) % \(cell.ratio.fixed(2))x"
    }
}
