import CGuest
import Glibc

private let mib = 1 << 20

/// A chunk that fails in the middle of every kind of pin, for a reason of the kernel's own: the limit for locked memory
/// is lowered while an ordinary user's program pins.
let pinFaultTests: [GuestTest] = [
  GuestTest("mlock that meets the limit in the middle leaves nothing locked") { test in
    try lowerTheLimit(test, ["--method", "map-cold", "--page-size", "4K"], [], "locking in memory failed at offset")
  },
  GuestTest("io_uring that meets the limit in the middle leaves nothing registered") { test in
    try lowerTheLimit(
      test, ["--with", "io_uring", "--page-size", "2M"], [], "registering with io_uring failed at offset")
  },
  GuestTest("VFIO that meets the limit in the middle leaves nothing mapped, cold or populated") { test in
    let group = try Devices.group()
    for method in ["populate", "map-cold"] {
      try lowerTheLimit(
        test, ["--with", "vfio:\(group)", "--page-size", "2M", "--method", method], ["/dev/vfio/\(group)"],
        "mapping for devices failed at offset")
    }
  },
  GuestTest("two containers of VFIO that meet the limit in the middle leave nothing mapped in either") { test in
    let groups = try [Devices.group(), Devices.group(of: Devices.second)]
    try lowerTheLimit(
      test, ["--with", "vfio:" + groups.joined(separator: ","), "--page-size", "2M"], groups.map { "/dev/vfio/" + $0 },
      "mapping for devices failed at offset")
  },
  GuestTest("iommufd that meets the limit in the middle leaves nothing mapped", on: [.iommufd]) { test in
    try lowerTheLimit(
      test, ["--with", "iommufd:\(Devices.first)", "--page-size", "2M"],
      ["/dev/iommu"] + Files.list("/dev/vfio/devices").map { "/dev/vfio/devices/" + $0 },
      "mapping for devices failed at offset")
  },
]

/// Runs pin as an ordinary user, over and over in one process, lowers its limit once something is pinned, and looks at
/// what it tells and at the pools.
private func lowerTheLimit(_ test: Test, _ words: [String], _ nodes: [String], _ message: String) throws {
  try Devices.owned(nodes, by: 65534) {
    try Pools.with([0: 24, 1: 24]) {
      let sizes = ["--size", "32M", "--min-chunk", "2M", "--threads", "2", "--runs", "9999", "--json"]
      let run = try Program(
        ["ktaskctl", "pin"] + words + sizes, in: Surroundings(lockedMemory: UInt(128 * mib), user: 65534))
      var isLowered = false
      let ended = try run.wait {
        if isLowered || pinned(run.process) < 16 * mib { return }
        isLowered = cguest_lower_locked_memory(run.process, UInt64(10 * mib)) == 0
      }
      try test.demand(isLowered, "the limit was not lowered: \(ended.errors)")
      test.expect(ended.status == 4, "status \(ended.status): \(ended.errors)")
      test.expect(ended.errors.contains(message) && ended.errors.contains("(ENOMEM); undone, "), ended.errors)
      let document = try ended.document()
      test.expect(document["undone"]["complete"].bool == true, "\(document["undone"])")
      test.expect((document["undone"]["bytes"].int ?? 0) > 0, "\(document["undone"])")
      test.expect(Pools.free(on: test).prefix(2) == [24, 24], "left over: \(Pools.free(on: test))")
    }
  }
}

/// Bytes that the kernel counts as locked or pinned.
private func pinned(_ process: pid_t) -> Int {
  ["VmLck", "VmPin"].reduce(0) { $0 + (ProcessFacts.kilobytes($1, of: process) ?? 0) << 10 }
}
