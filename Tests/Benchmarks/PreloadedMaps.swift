import LinuxSystem

extension Part {
  static let maps = Part(
    name: "maps", title: "a virtual machine's memory, mapped for its device, alone and under `ktaskctl run`",
    measure: measureMaps)
}

private let mapper = "ktask-map-dma"

/// A way to map, as the mapper is told it.
private func ways() throws -> [(name: String, words: [String])] {
  let free = try IOMMUGroup.numbers().compactMap { try IOMMUGroup.of($0) }
    .filter { !$0.devices.isEmpty && $0.devices.allSatisfy { $0.driver == "vfio-pci" } }
  let node = try free.flatMap(\.devices).compactMap { try $0.vfioNode() }.first.map { "/dev/vfio/devices/" + $0 }
  return free.prefix(1).map { ("VFIO", ["vfio", "\($0.number)", $0.devices[0].address]) }
    + (node.map { [("iommufd", ["iommufd", $0])] } ?? [])
}

/// The seconds that it tells, from the first mmap(2) to the last map.
private func told(_ command: [String]) throws -> Double {
  let text = String(decoding: try Programs.output(command), as: UTF8.self)
  guard let seconds = Double(text.prefix { $0 != "\n" }) else { throw Skip("\(mapper) tells no time: \(text)") }
  return seconds
}

private func measureMaps(_ setting: Setting) throws {
  if !Programs.exists(mapper) { throw Skip("\(mapper) is in the guest machines only") }
  let ways = try ways()
  if ways.isEmpty { throw Skip("no device is free for VFIO") }
  let bytes = fitting(setting.quick ? 512 << 20 : 4 << 30)
  var (cells, all) = ([[String]](), [Times]())
  for way in ways {
    for (pages, time) in [("4K", "time-plain"), ("thp", "time-transparent")] {
      let command = [mapper] + way.words + [time, "\(bytes)"]
      let times = try inTurns(
        setting.quick ? 3 : 9,
        [[], [setting.program, "run", "--threads", "2", "--"], [setting.program, "run", "--"]].map { before in
          Contestant(name: way.name) { try told(before + command) }
        })
      let ratios = times[1...].map { "\((times[0].median / $0.median).fixed(2))x" }
      cells.append(["\(way.name), \(pages)"] + times.map(\.text) + ratios)
      all += times
    }
  }
  // a guest has more CPUs than what it runs on
  printTable(["\(bytes.asSize), to the last map", "alone", "2 threads", "under run", "", ""], cells)
  printReading("the pages are made by several threads, and pinned by one, which finds them.", of: all)
}
