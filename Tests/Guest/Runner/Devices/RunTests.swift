import Glibc

private let bytes = 32 << 20

/// What a program maps for its devices, alone and under `ktaskctl run` (../Mapper).
let runTests: [GuestTest] = [
  GuestTest("what a program maps with VFIO is made by several threads, and comes to what it comes to alone") { test in
    let way = try ["vfio", Devices.group(), Devices.first]
    for map in MapCase.all { try map.compare(test, way, call: "VFIO_IOMMU_MAP_DMA") }
  },
  GuestTest("so is what it maps with VFIO in a container of iommufd's", on: [.iommufd]) { test in
    let way = try ["vfio", Devices.group(), Devices.first]
    try Devices.withContainersOfIOMMUFD {
      for map in MapCase.some { try map.compare(test, way, call: "VFIO_IOMMU_MAP_DMA") }
    }
  },
  GuestTest("so is what it maps with iommufd", on: [.iommufd]) { test in
    let way = try ["iommufd", Devices.node()]
    for map in MapCase.all { try map.compare(test, way, call: "IOMMU_IOAS_MAP") }
  },
  GuestTest("a map that the limit for locked memory refuses is left to the kernel", on: [.twoNodes, .iommufd]) { test in
    let limited = Surroundings(lockedMemory: UInt(bytes / 2), user: 65534)
    let refused = MapCase("plain", [0], left: "the limit for locked memory may refuse it")
    let group = try Devices.group()
    try Devices.owned(["/dev/vfio/vfio", "/dev/vfio/\(group)"], by: 65534) {
      try refused.compare(test, ["vfio", group, Devices.first], call: "VFIO_IOMMU_MAP_DMA", in: limited)
    }
    if test.machine != .iommufd { return }
    let node = try Devices.node()
    try Devices.owned(["/dev/iommu", node], by: 65534) {
      try refused.compare(test, ["iommufd", node], call: "IOMMU_IOAS_MAP", in: limited)
    }
  },
]

extension Devices {
  /// A device's own node.
  fileprivate static func node() throws(TestEnd) -> String {
    guard let name = Files.list("/sys/bus/pci/devices/\(first)/vfio-dev").first else {
      throw .failed("\(first) has no node of its own")
    }
    return "/dev/vfio/devices/\(name)"
  }
}

/// A case of the mapper's, and what the report is to say of each call.
private struct MapCase {
  var name: String
  /// Bytes that several threads make.
  var parallel: [Int]
  /// Why something is left to the kernel.
  var left: String?

  init(_ name: String, _ parallel: [Int], left: String? = nil) {
    self.name = name
    self.parallel = parallel
    self.left = left
  }

  static let some = [MapCase("plain", [bytes]), MapCase("pool", [bytes]), MapCase("hole", [bytes / 2])]
  static let all =
    some + [
      MapCase("transparent", [bytes]), MapCase("shared", [bytes]), MapCase("twice", [bytes, bytes, bytes]),
      // the device writes into no part that the program may not write to
      MapCase("protected", [bytes / 2]), MapCase("uneven", [bytes]), MapCase("only-read", []),
    ]

  /// Results, error numbers, pages and what the kernel counts as pinned are the same.
  func compare(
    _ test: Test, _ way: [String], call: String, in surroundings: Surroundings = Surroundings()
  ) throws {
    try Pools.with(name == "pool" ? [0: 16, 1: 16] : [:]) {
      try Scratch.file(in: "/tmp") { report in
        let program = ["ktask-map-dma"] + way + [name, "\(bytes)"]
        let alone = try Program.run(program, in: surroundings)
        defer { _ = unsafe unlink(report + ".json") }
        let run = ["ktaskctl", "run", "--least", "8M", "--threads", "2", "--report", report + ".json", "--"]
        let under = try Program.run(run + program, in: surroundings)
        try test.demand(alone.status == 0, "\(name): status \(alone.status): \(alone.errors)")
        test.expect(under.status == 0, "\(name): under run status \(under.status): \(under.errors)")
        test.expect(under.output == alone.output, "\(name): alone \(alone.output), under run \(under.output)")
        check(test, JSON(Files.read(report + ".json") ?? "") ?? .null, call)
      }
    }
  }

  private func check(_ test: Test, _ report: JSON, _ call: String) {
    let calls = report["calls"].array
    test.expect(calls.map { $0["parallel_bytes"].int } == parallel, "\(name): \(calls)")
    test.expect(calls.allSatisfy { $0["call"].string == call }, "\(name): \(calls)")
    for told in calls {
      test.expect(told["threads"].int == (told["parallel_bytes"].int == 0 ? nil : 2), "\(name): \(told)")
      test.expect(told["left"].string == left, "\(name): \(told)")
    }
  }
}
