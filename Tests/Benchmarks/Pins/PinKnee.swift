extension Part {
  static let pinKnee = Part(
    name: "pin-knee", title: "`--threads auto`, which finds the knee, where cold memory is mapped for devices",
    measure: measurePinKnee)
}

/// In a container of VFIO one thread maps at a time, and clears pages meanwhile; iommufd has as many as there are.
private func measurePinKnee(_ setting: Setting) throws {
  let bytes = try HugePages.reserve(fitting(setting.quick ? 512 << 20 : 2 << 30))
  let ways = try PinWay.all().filter { $0.with?.contains(":") ?? false }
  if ways.isEmpty { throw Skip("no device here is bound to vfio-pci") }
  for way in ways {
    guard let with = way.with else { continue }
    for pages in ["2M", "4K"] {
      let work = Kneed(
        name: "\(way.name), \(pages)",
        words: [
          "pin", "--with", with, "--size", "\(bytes)", "--page-size", pages, "--method", "map-cold", "--runs", "1",
          "--warmup",
          "0",
        ])
      try measure(work, setting, rounds: setting.quick ? 5 : 11)
    }
  }
}
