import LinuxSystem

extension Part {
  static let stores = Part(
    name: "stores", title: "the stores that `ktaskctl clear FILE` chooses from, on warm 2 MiB pages",
    measure: measureStores)
}

private func measureStores(_ setting: Setting) throws {
  let bytes = try HugePages.reserve(fitting(setting.quick ? 256 << 20 : 2 << 30))
  let mapping = try Mapping.hugePages(bytes, pageSize: HugePages.size)
  let address = mapping.address
  try Memory.populate(address, bytes)
  try Memory.catchBusErrors()
  let stores = Memory.Store.available
  func clear(_ store: Memory.Store, _ threads: Int) -> Contestant {
    .timed("\(store)") {
      let share = bytes / threads
      Threads.run(threads) { try? Memory.clear(address + UInt($0 * share), share, store) }
    }
  }
  let times = try inTurns(
    setting.quick ? 5 : 25, stores.map { clear($0, 1) } + stores.map { clear($0, 2) })
  func rate(_ time: Times) -> String { (Double(bytes) / 0x1p30 / time.median).fixed(1) }
  printTable(
    ["\(bytes.asSize) cleared in place", "1 thread", "GiB/s", "2 threads", "GiB/s"],
    stores.indices.map { index in
      let (one, two) = (times[index], times[stores.count + index])
      return ["\(stores[index])", one.text, rate(one), two.text, rate(two)]
    })
  func fastest(_ times: some Collection<Times>) -> Memory.Store {
    zip(stores, times).min { $0.1.median < $1.1.median }!.0
  }
  printReading(
    "fastest on 1 thread is \(fastest(times.prefix(stores.count))), on 2 threads "
      + "\(fastest(times.suffix(stores.count))).", of: times)
}
