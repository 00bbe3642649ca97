import Glibc
import LinuxSystem
import TestSupport

extension Part {
  static let stock = Part(
    name: "stock",
    title: "a file taken from a stock, against one that is made, and what the stock costs its neighbours",
    measure: measureStock)
  static let handOvers = Part(
    name: "hand-overs", title: "files of a stock that go round while its programs are killed", measure: handOver)
}

private func measureStock(_ setting: Setting) throws {
  let room = try HugePages.reserve(fitting(setting.quick ? 1 << 30 : 16 << 30)) / 2
  let folder = try HugePages.mountFileSystem()
  let ground = Ground(setting: setting, folder: folder, bytes: max(1, room >> 28) << 28)
  unsafe mkdir(ground.stock, 0o700)
  try measureTaking(ground)
  try measureCleaning(ground)
  try measureWaiting(ground)
}

private struct Ground {
  let setting: Setting
  let folder: String
  let bytes: Int
  var stock: String { folder + "/stock" }
  var file: String { folder + "/vm1" }
  var rounds: Int { setting.quick ? 3 : 9 }

  func run(_ words: String...) throws -> Double { try Programs.run([setting.program] + words + ["--quiet"]) }
  func fill() throws -> Double { try run("stock", stock, "--size", "\(bytes)", "--count", "1") }
  func take() throws -> Double { try run("prefault", file, "--size", "\(bytes)", "--from", stock) }
  func giveBack() throws -> Double { try run("release", file, "--to", stock) }

  /// As another program finds it: a page after the other, on one thread.
  func touch() throws -> Double {
    try seconds {
      let descriptor = try FileDescriptor.open(file, .readWrite)
      let mapping = try Mapping.shared(descriptor, bytes)
      try Memory.touch(mapping.address, bytes, stride: HugePages.size, writing: true)
    }
  }
}

private func measureTaking(_ ground: Ground) throws {
  let cold = Contestant(name: "prefault, nothing there") {
    defer { unsafe unlink(ground.file) }
    return try ground.run("prefault", ground.file, "--size", "\(ground.bytes)") + ground.touch()
  }
  var touches: [Double] = []
  let taken = Contestant(name: "prefault --from") {
    _ = try ground.fill()
    let (took, touching) = (try ground.take(), try ground.touch())
    touches.append(touching)
    _ = try ground.giveBack()
    return took + touching
  }
  let times = try inTurns(ground.rounds, [cold, taken])
  let ratio = times[0].median / times[1].median
  printTable(
    [
      "\(ground.bytes.asSize) in 2 MiB pages, from the program's start to the last page touched", "time",
      "times as fast",
    ],
    [["\(cold.name)", times[0].text, "1"], ["\(taken.name)", times[1].text, ratio.fixed(1)]])
  // only what goes by the page grows: the taking itself is one rename
  let more = Double(64 << 30) / Double(ground.bytes)
  let (cold64, touching) = (times[0].median * more, Times(touches).median)
  printReading(
    "\(ratio.fixed(1)) times as fast as a cold prefault (30 is the aim, at 8 GiB); by the page, 64 GiB come to "
      + "\(cold64.asTime) and \((times[1].median + touching * (more - 1)).asTime), which is not measured.", of: times)
}

private func measureCleaning(_ ground: Ground) throws {
  let soiled = Contestant(name: "stock, of a file that came back") {
    _ = try ground.fill()
    _ = try ground.take() + ground.touch()
    _ = try ground.giveBack()
    return try Report.of(
      [ground.setting.program, "stock", ground.stock, "--size", "\(ground.bytes)", "--count", "1"]
    ).results[0].times[0]
  }
  let inPlace = Contestant(name: "clear, of a file in place") {
    _ = try ground.run("prefault", ground.file, "--size", "\(ground.bytes)")
    defer { unsafe unlink(ground.file) }
    let words = ["clear", ground.file, "--threads", "auto", "--runs", "1", "--warmup", "0"]
    return try Report.of([ground.setting.program] + words).results[0].times[0]
  }
  let times = try inTurns(ground.rounds, [inPlace, soiled])
  let speed = times[0].median / times[1].median
  printTable(
    ["\(ground.bytes.asSize) in 2 MiB pages", "time", "speed"],
    [[inPlace.name, times[0].text, "1"], [soiled.name, times[1].text, speed.fixed(2)]])
  printReading("what comes back is cleared at \(speed.fixed(2)) of the in-place speed (0.9 is the aim).", of: times)
}

/// A taker beside a service that always has something to clear, and a neighbour that computes beside both.
private func measureWaiting(_ ground: Ground) throws {
  let (small, takes) = (16 << 20, ground.rounds * 3)
  let words = [ground.setting.program, "stock", "--watch", ground.stock, "--size", "\(small)"]
  let file = ground.folder + "/small"
  func take() throws -> Double {
    defer { unsafe unlink(file) }
    return try ground.run("prefault", file, "--size", "\(small)", "--from", ground.stock)
  }
  func once(_ count: Int) throws {
    _ = try ground.run("stock", ground.stock, "--size", "\(small)", "--count", "\(count)")
  }
  let quiet = try inTurns(
    ground.rounds,
    [
      Contestant(name: "quiet") {
        try once(1)
        return try take()
      }
    ])[0]
  try once(2)
  let kept = try neighbour(beside: words + ["--count", "\(ground.bytes / small)"], rounds: ground.rounds)
  printReading(
    "a taker of \(small.asSize) waits \(quiet.text) where nothing else goes on; a neighbour on all CPUs keeps "
      + "\(kept.fixed(3)) of its speed beside a service that fills the stock (0.98 is the aim).", of: [quiet])
  // none is to be made while somebody waits for it
  try once(takes)
  let busy = try waits(beside: words + ["--count", "\(takes + ground.bytes / small)"], take, takes)
  printReading(
    "beside a service that is always at work it waits \(busy.text), \((busy.median / quiet.median).fixed(2)) times as long.",
    of: [busy])
}

/// What a load on every CPU keeps of its speed beside a service that has more to do than there is time for; the load is gone
/// then.
private func neighbour(beside words: [String], rounds: Int) throws -> Double {
  let load = try Load(threads: Topology.current().onlineCPUs.count)
  var (alone, beside): ([Double], [Double]) = ([], [])
  for _ in 0..<rounds {
    alone.append(load.rate { sleep(1) }.rate)
    let service = try Programs.start(words)
    CleanUp.add { kill(service, SIGKILL) }
    // its start comes once, and is no cleaning
    sleep(1)
    beside.append(load.rate { sleep(1) }.rate)
    kill(service, SIGTERM)
    waitpid(service, nil, 0)
  }
  return Times(beside).median / Times(alone).median
}

private func waits(beside words: [String], _ take: () throws -> Double, _ takes: Int) throws -> Times {
  let service = try Programs.start(words)
  CleanUp.add { kill(service, SIGKILL) }
  defer {
    kill(service, SIGTERM)
    waitpid(service, nil, 0)
  }
  return Times(try (0..<takes).map { _ in try take() })
}

/// As many as HANDOVERS says: 100 000 take an hour on two CPUs.
private func handOver(_ setting: Setting) throws {
  let count = environment("HANDOVERS").flatMap { Int($0) } ?? (setting.quick ? 100 : 1000)
  let directory = try mountOwn("tmpfs", "size=16M")
  let result = HandOvers(program: setting.program, folder: directory, size: 64 << 10).run(count, seed: count)
  printReading(
    "\(count) hand-overs, \(result.taken) of them from the stock, with \(result.killed) programs killed on the way: "
      + (result.faults.isEmpty
        ? "every file zero and one taker's alone, no page lost."
        : "\(result.faults.count) FAULTS: \(result.faults.prefix(5))"))
}
