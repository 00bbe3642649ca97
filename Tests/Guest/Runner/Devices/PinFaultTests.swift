import CGuest
import Glibc

private let mib = 1 << 20

/// A chunk that fails in the middle of every kind of pin, for a reason of the kernel's own: the limit for locked memory
/// is lowered while an ordinary user's program pins. And pins that are stopped.
let pinFaultTests: [GuestTest] = [
  GuestTest("mlock that meets the limit in the middle leaves nothing locked") { test in
    // a pool's pages do not count as locked
    for memory in [Memory.anonymous("4K"), .file("/dev/shm")] {
      try lowerTheLimit(test, ["--method", "map-cold"], of: memory, [], "locking in memory failed at offset")
    }
  },
  GuestTest("io_uring that meets the limit in the middle leaves nothing registered") { test in
    for memory in Memory.every {
      try lowerTheLimit(test, ["--with", "io_uring"], of: memory, [], "registering with io_uring failed at offset")
    }
  },
  GuestTest("VFIO that meets the limit in the middle leaves nothing mapped, cold or populated") { test in
    let group = try Devices.group()
    for (method, memory) in ["populate", "map-cold"].flatMap({ method in Memory.every.map { (method, $0) } }) {
      try lowerTheLimit(
        test, ["--with", "vfio:\(group)", "--method", method], of: memory, ["/dev/vfio/\(group)"],
        "mapping for devices failed at offset")
    }
  },
  GuestTest("two containers of VFIO that meet the limit in the middle leave nothing mapped in either") { test in
    let groups = try [Devices.group(), Devices.group(of: Devices.second)]
    for memory in Memory.every {
      try lowerTheLimit(
        test, ["--with", "vfio:" + groups.joined(separator: ",")], of: memory, groups.map { "/dev/vfio/" + $0 },
        "mapping for devices failed at offset")
    }
  },
  GuestTest("iommufd that meets the limit in the middle leaves nothing mapped", on: [.iommufd]) { test in
    for (method, memory) in ["populate", "map-cold"].flatMap({ method in Memory.every.map { (method, $0) } }) {
      try lowerTheLimit(
        test, ["--with", "iommufd:\(Devices.first)", "--method", method], of: memory,
        ["/dev/iommu"] + Files.list("/dev/vfio/devices").map { "/dev/vfio/devices/" + $0 },
        "mapping for devices failed at offset")
    }
  },
  GuestTest(
    "a pin for VFIO's devices that is stopped by a signal or by time leaves the file no page",
    on: [.twoNodes, .iommufd]
  ) { test in
    try stopPins(test, "vfio:\(Devices.group()),\(Devices.group(of: Devices.second))")
  },
  GuestTest(
    "a pin with iommufd that is stopped by a signal or by time leaves the file no page", on: [.iommufd]
  ) { test in
    try stopPins(test, "iommufd:\(Devices.first)")
  },
]

/// What is pinned.
private enum Memory {
  /// Of pages of that kind.
  case anonymous(String)
  /// A sparse file there, in which no page is.
  case file(String)

  static let every: [Memory] = [.anonymous("2M"), .file("/dev/hugepages"), .file("/dev/shm")]

  /// Runs `body` with words that name 32 MiB of it, which a user may pin, and looks at what is left of it.
  func with(_ test: Test, by user: UInt32, _ body: ([String]) throws -> Void) throws {
    switch self {
    case .anonymous(let page): try body(["--size", "32M", "--page-size", page])
    case .file(let directory):
      try Scratch.file(in: directory) { path in
        try test.demand(Program.run(["truncate", "-s", "32M", path]).status == 0, "\(path) cannot be made")
        try Devices.owned([path], by: user) { try body([path]) }
        test.expect(Files.bytes(path) == 32 * mib, "\(path) has \(Files.bytes(path)) bytes")
        test.expect(Files.blocks(path) == 0, "\(path) has \(Files.blocks(path)) blocks")
      }
    }
  }
}

/// Runs pin as an ordinary user, over and over in one process, lowers its limit once something is pinned, and looks at
/// what it tells, at the file and at the pools.
private func lowerTheLimit(
  _ test: Test, _ words: [String], of memory: Memory, _ nodes: [String], _ message: String
) throws {
  let user: UInt32 = 65534
  try Devices.owned(nodes, by: user) {
    try Pools.with([0: 24, 1: 24]) {
      try memory.with(test, by: user) { named in
        let line = ["pin"] + words + named + ["--min-chunk", "2M", "--threads", "2", "--runs", "9999", "--json"]
        let run = try Program(["ktaskctl"] + line, in: Surroundings(lockedMemory: UInt(128 * mib), user: user))
        var isLowered = false
        let ended = try run.wait {
          if isLowered || pinned(run.process) < 16 * mib { return }
          isLowered = cguest_lower_locked_memory(run.process, UInt64(10 * mib)) == 0
        }
        try test.demand(isLowered, "\(line): the limit was not lowered: \(ended.errors)")
        test.expect(ended.status == 4, "\(line): status \(ended.status): \(ended.errors)")
        test.expect(ended.errors.contains(message) && ended.errors.contains("(ENOMEM); undone, "), ended.errors)
        let undone = try ended.document()["undone"]
        test.expect(undone["complete"].bool == true && undone["bytes"].int ?? 0 > 0, "\(line): \(undone)")
      }
      test.expect(Pools.free(on: test).prefix(2) == [24, 24], "left over: \(Pools.free(on: test))")
    }
  }
}

/// Pins sparse files over and over, populated before and not, and stops that, by a signal or by a time-out, once the
/// kernel counts some of it.
private func stopPins(_ test: Test, _ with: String) throws {
  try Pools.with([0: 24, 1: 24]) {
    for (method, directory, time) in [
      ("populate", "/dev/hugepages", nil), ("map-cold", "/dev/hugepages", nil), ("map-cold", "/dev/shm", nil),
      ("populate", "/dev/shm", 2 * Speed.slowness),
    ] as [(String, String, Double?)] {
      try Memory.file(directory).with(test, by: 0) { named in
        try stopPin(test, ["--with", with, "--method", method] + named, after: time)
      }
      test.expect(Pools.free(on: test).prefix(2) == [24, 24], "left over: \(Pools.free(on: test))")
    }
  }
}

/// Stops a pin that goes on and on, once the kernel counts some of it or, where it is given so many seconds, by them.
private func stopPin(_ test: Test, _ words: [String], after time: Double?) throws {
  let limit = time.map { ["--timeout", Speed.word($0)] } ?? []
  let run = try Program(
    ["ktaskctl", "pin", "--min-chunk", "2M", "--threads", "2", "--runs", "9999", "--json"] + words + limit)
  var isPinning = false
  let ended = try run.wait {
    if isPinning || pinned(run.process) < 8 * mib { return }
    isPinning = true
    if time == nil { run.signal(SIGTERM) }
  }
  // its time was over too early: with more of it
  if let time, !isPinning, ended.status == 6 { return try stopPin(test, words, after: 2 * time) }
  test.expect(isPinning, "\(words): nothing was pinned: \(ended.errors)")
  test.expect(ended.status == (time == nil ? 143 : 6), "\(words): status \(ended.status): \(ended.errors)")
  let undone = try ended.document()["undone"]
  test.expect(undone["complete"].bool == true, "\(words): \(undone)")
}

/// Bytes that the kernel counts as locked or pinned.
private func pinned(_ process: pid_t) -> Int {
  ["VmLck", "VmPin"].reduce(0) { $0 + (ProcessFacts.kilobytes($1, of: process) ?? 0) << 10 }
}
