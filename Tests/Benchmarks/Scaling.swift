import LinuxSystem

extension Part {
  static let scaling = Part(
    name: "scaling", title: "`ktaskctl clear`, 2 threads against 1, beside a plain loop", measure: measureScaling)
}

/// The kinds of pages, as ktaskctl calls them.
private enum Page: String, CaseIterable {
  case base = "4K"
  case transparent = "thp"
  case huge = "2M"

  func map(_ bytes: Int) throws -> Mapping {
    if self == .huge { return try Mapping.hugePages(bytes, pageSize: HugePages.size) }
    let mapping = try Mapping.anonymous(bytes, alignment: HugePages.size)
    try Memory.adviseHuge(mapping.address, bytes, self == .transparent)
    return mapping
  }
}

/// What anybody would write: map, start the threads, each of which populates its share in one call.
private func plainLoop(_ page: Page, _ bytes: Int, _ threads: Int) throws -> Double {
  let mapping = try page.map(bytes)
  let (address, share) = (mapping.address, bytes / threads)
  func populate() -> Double {
    seconds {
      Threads.run(threads) { index in
        do throws(Errno) {
          try Memory.populate(address + UInt(index * share), share)
        } catch {
          fatalError("the plain loop: \(error)")
        }
      }
    }
  }
  // as ktaskctl's warm-up: memory that was populated just now
  _ = populate()
  try Memory.giveBack(address, bytes)
  return populate()
}

private func clear(_ setting: Setting, _ page: Page, _ bytes: Int, _ threads: Int) throws -> Double {
  let options = ["--threads", "\(threads)", "--runs", "1", "--warmup", "1"]
  let report = try Report.of([setting.program, "clear", "--size", "\(bytes)", "--page-size", page.rawValue] + options)
  return report.results[0].times[0]
}

private func measureScaling(_ setting: Setting) throws {
  let bytes = fitting(setting.quick ? 1 << 30 : 4 << 30)
  for page in Page.allCases {
    do {
      let available = page == .huge ? try HugePages.reserve(bytes) : bytes
      try measureScaling(setting, page, available)
    } catch let reason as Skip {
      print("\(page.rawValue): skipped: \(reason).\n")
    }
  }
}

private func measureScaling(_ setting: Setting, _ page: Page, _ bytes: Int) throws {
  let threads = [1, 2]
  let times = try inTurns(
    setting.quick ? 3 : 7,
    threads.map { threads in Contestant(name: "ktaskctl clear") { try clear(setting, page, bytes, threads) } }
      + threads.map { threads in Contestant(name: "plain loop") { try plainLoop(page, bytes, threads) } })
  let (ours, plain) = (times[0].median / times[1].median, times[2].median / times[3].median)
  func row(_ name: String, _ one: Times, _ two: Times) -> [String] {
    let rate = Double(bytes) / 0x1p30 / two.median
    return [name, one.text, two.text, "\(rate.fixed(1))", "\((one.median / two.median).fixed(2))x"]
  }
  printTable(
    ["\(bytes.asSize) of \(page.rawValue) pages", "1 thread", "2 threads", "GiB/s on 2", "speed-up"],
    [row("ktaskctl clear", times[0], times[1]), row("plain loop", times[2], times[3])])
  let verdict =
    ours >= 1.6
    ? "the second thread pays"
    : plain >= 1.6 ? "ktaskctl scales worse than this machine" : "this machine scales no better"
  printReading(
    "2 threads are \(ours.fixed(2)) times as fast as 1, in the plain loop \(plain.fixed(2)) times: \(verdict). "
      + "On 2 threads ktaskctl takes \((times[1].median / times[3].median).fixed(2)) times the plain loop's time.",
    of: times)
}
