import Glibc
import LinuxSystem

extension Part {
  static let proof = Part(
    name: "proof", title: "what proving costs: the look at every byte, and whole processes beside plain loops",
    measure: measureProof)
}

private func measureProof(_ setting: Setting) throws {
  let bytes = try HugePages.reserve(fitting(setting.quick ? 512 << 20 : 4 << 30))
  let directory = try HugePages.mountFileSystem()
  try measureFile("\(directory)/proof", bytes, setting)
  try measurePrefault("\(directory)/new", bytes, setting)
}

private func measureFile(_ file: String, _ bytes: Int, _ setting: Setting) throws {
  CleanUp.add { unsafe unlink(file) }
  // its pages are the next one's
  defer { unsafe unlink(file) }
  _ = try Programs.run([setting.program, "prefault", file, "--size", "\(bytes)", "--quiet"])
  let mapping = try Mapping.shared(FileDescriptor.open(file, [.readWrite]), bytes)
  try Memory.catchBusErrors()
  try measureReading(mapping.address, bytes, setting)
  try measureClearing(mapping.address, bytes, file, setting)
}

/// Whole processes beside a plain loop with as many threads, each on a new file.
private func measurePrefault(_ file: String, _ bytes: Int, _ setting: Setting) throws {
  CleanUp.add { unsafe unlink(file) }
  func afresh(_ name: String, _ run: @escaping () throws -> Double) -> Contestant {
    Contestant(name: name) {
      defer { unsafe unlink(file) }
      return try run()
    }
  }
  let prefault = [setting.program, "prefault", file, "--size", "\(bytes)", "--quiet"]
  let processes = ["full", "none"].map { proof in
    afresh("ktaskctl prefault --verify \(proof)") { try Programs.run(prefault + ["--verify", proof]) }
  }
  let loops = [1, 2].map { count in
    afresh("a loop on \(count) \(count == 1 ? "thread" : "threads")") {
      let descriptor = try FileDescriptor.open(file, .createNew)
      try descriptor.resize(to: bytes)
      let mapping = try Mapping.shared(descriptor, bytes)
      return seconds {
        let share = bytes / count
        Threads.run(count) { try? Memory.populate(mapping.address + UInt($0 * share), share) }
      }
    }
  }
  let contestants = processes + loops
  let times = try inTurns(setting.quick ? 3 : 9, contestants)
  let loop = times[times.count - 1].median
  printTable(
    ["\(bytes.asSize) of a new file", "time", "against the loop with as many threads"],
    zip(contestants, times).map { [$0.name, $1.text, "\(($1.median / loop).fixed(2))x"] })
  printReading("all proven, prefault takes \((times[0].median / loop).fixed(2)) of the loop's time.", of: times)
}

/// Each kind of vector, and the C library's comparison of a block with itself, one word further on.
private func measureReading(_ address: UInt, _ bytes: Int, _ setting: Setting) throws {
  var ways: [(name: String, look: @Sendable (UInt, Int) -> Void)] = Memory.vectors.map { vector in
    ("four streams of \(vector) bytes", { _ = try? Memory.firstNonZero($0, $1, vector: vector) })
  }
  ways.append(
    (
      "memcmp",
      { address, length in
        for at in stride(from: 0, to: length, by: 32 << 10) {
          let block = unsafe UnsafeRawPointer(bitPattern: address + UInt(at))!
          if unsafe memcmp(block, block + 8, (32 << 10) - 8) != 0 { return }
        }
      }
    ))
  let threads = [1, 2]
  let contestants = threads.flatMap { count in
    ways.map { way in
      Contestant.timed("\(way.name), \(count)") {
        let share = bytes / count
        Threads.run(count) { way.look(address + UInt($0 * share), share) }
      }
    }
  }
  let times = try inTurns(setting.quick ? 5 : 15, contestants)
  func rate(_ time: Times) -> String { (Double(bytes) / 0x1p30 / time.median).fixed(1) }
  printTable(
    ["\(bytes.asSize) looked at", "1 thread", "GiB/s", "2 threads", "GiB/s"],
    ways.indices.map { index in
      let (one, two) = (times[index], times[ways.count + index])
      return [ways[index].name, one.text, rate(one), two.text, rate(two)]
    })
}

private func measureClearing(_ address: UInt, _ bytes: Int, _ file: String, _ setting: Setting) throws {
  let clear = [setting.program, "clear", file, "--threads", "auto", "--runs", "1", "--warmup", "0", "--quiet"]
  let processes = ["full", "residency", "none"].map { proof in
    Contestant(name: "ktaskctl clear --verify \(proof)") {
      try Programs.run(clear + ["--even-if-open", "--verify", proof])
    }
  }
  let loops = Memory.Store.available.map { store in
    Contestant.timed("a loop on 2 threads, \(store)") {
      Threads.run(2) { try? Memory.clear(address + UInt($0 * bytes / 2), bytes / 2, store) }
    }
  }
  let contestants = processes + loops
  let times = try inTurns(setting.quick ? 3 : 9, contestants)
  let best = times.dropFirst(processes.count).map(\.median).min() ?? 1
  printTable(
    ["\(bytes.asSize) cleared in place", "time", "against the best loop"],
    zip(contestants, times).map { [$0.name, $1.text, "\(($1.median / best).fixed(2))x"] })
  printReading("all proven, clear takes \((times[0].median / best).fixed(2)) of the best loop's time.", of: times)
}
