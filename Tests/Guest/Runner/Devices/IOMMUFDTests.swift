private let mib = 1 << 20

/// pin --with iommufd, on the machine whose kernel has it.
let iommufdTests: [GuestTest] = [
  GuestTest("a device writes into a file that is pinned for it with iommufd", on: [.iommufd]) { test in
    try checkDMA(
      test, in: "/dev/shm", ["--with", "iommufd:\(Devices.first)"], counted: (1, "VmPin"), throughGroup: false)
  },
  GuestTest("a device writes into a hugetlbfs file that is pinned for it with iommufd", on: [.iommufd]) { test in
    try Pools.with([0: 16, 1: 16]) {
      try checkDMA(
        test, in: "/dev/hugepages", ["--with", "iommufd:\(Devices.first)", "--iova-base", "4G"], base: 1 << 32,
        counted: (1, "VmPin"), throughGroup: false)
      test.expect(Pools.free(on: test).prefix(2) == [16, 16], "left over: \(Pools.free(on: test))")
    }
  },
  GuestTest("memory is pinned with iommufd in pages of every kind, populated before and not", on: [.iommufd]) { test in
    try Pools.with([0: 32, 1: 32]) {
      for page in ["4K", "thp", "2M"] {
        for method in ["populate", "map-cold"] {
          let run = try Program.ktaskctl([
            "pin", "--with", "iommufd:\(Devices.first),\(Devices.second)", "--size", "32M", "--page-size", page,
            "--method", method, "--min-chunk", "4M", "--threads", "1,3", "--runs", "1", "--warmup", "0", "--json",
          ])
          try test.demand(run.status == 0, "\(page) \(method): status \(run.status): \(run.errors)")
          let pinned = try run.document()["verified"]["pinned_bytes"].int
          test.expect(pinned == 32 * mib, "\(page) \(method): \(pinned ?? -1) pinned")
        }
      }
      test.expect(Pools.free(on: test).prefix(2) == [32, 32], "left over: \(Pools.free(on: test))")
    }
  },
  GuestTest("an address space without a device maps, and pins nothing", on: [.iommufd]) { test in
    let held = try HeldPin(["--with", "iommufd", "--size", "16M"])
    test.expect(held.counted("VmPin") == 0, "VmPin is \(held.counted("VmPin"))")
    test.expect(held.document["verified"]["pinned_bytes"].int == 0, "\(held.document["verified"])")
    test.expect(
      held.document["warnings"].array.contains { $0.string?.contains("nothing is pinned") ?? false }, "no warning")
    let ended = try held.end()
    test.expect(ended.status == 0, "status \(ended.status): \(ended.errors)")
  },
  GuestTest("a device that another program has, that is not bound or not there is refused", on: [.iommufd]) { test in
    let held = try HeldPin(["--with", "iommufd:\(Devices.first)", "--size", "8M"])
    for (device, status, words) in [
      (Devices.first, 7, "another program has it open"), ("0000:00:1f.0", 8, "is not bound to vfio-pci"),
      ("0000:00:19.0", 8, "there is no such PCI device"),
    ] as [(String, Int32, String)] {
      let run = try Program.ktaskctl(["pin", "--with", "iommufd:\(device)", "--size", "8M"])
      test.expect(run.status == status, "\(device): status \(run.status): \(run.errors)")
      test.expect(run.errors.contains("ktaskctl: \(device): \(words)"), run.errors)
    }
    let ended = try held.end()
    test.expect(ended.status == 0, "status \(ended.status): \(ended.errors)")
  },
  GuestTest("a device writes into files that are pinned for its VFIO group in a container of iommufd's", on: [.iommufd])
  {
    test in
    let groups = try [Devices.group(), Devices.group(of: Devices.second)]
    try Pools.with([0: 16, 1: 16]) {
      try Devices.withContainersOfIOMMUFD {
        for (directory, list, times) in [
          ("/dev/shm", groups[0], 1), ("/dev/hugepages", groups.joined(separator: "+"), 1),
          ("/dev/shm", groups.joined(separator: ","), 2),
        ] {
          let devices = list == groups[0] ? [Devices.first] : [Devices.first, Devices.second]
          try checkDMA(test, in: directory, ["--with", "vfio:\(list)"], devices: devices, counted: (times, "VmPin"))
        }
      }
      test.expect(Pools.free(on: test).prefix(2) == [16, 16], "left over: \(Pools.free(on: test))")
    }
  },
  GuestTest("a device without a node of its own is pinned for through its group", on: [.iommufd]) { test in
    try Devices.withoutNodes {
      try checkDMA(test, in: "/dev/shm", ["--with", "iommufd:\(Devices.first)"], counted: (1, "VmPin"))
    }
  },
  GuestTest(
    "without interrupt remapping iommufd's ways to pin are all refused with status 8, and what can be done is told",
    on: [.iommufdNoRemapping]
  ) { test in
    try checkNoRemapping(test, "iommufd:\(Devices.first)", module: "iommufd")
    try Devices.withoutNodes { try checkNoRemapping(test, "iommufd:\(Devices.first)", module: "iommufd") }
    try Devices.withContainersOfIOMMUFD {
      try checkNoRemapping(test, "vfio:\(Devices.group())", module: "iommufd")
    }
    try checkNoRemapping(test, "vfio:\(Devices.group())", module: "vfio_iommu_type1")
  },
  GuestTest("a kernel without iommufd is not supported", on: [.twoNodes]) { test in
    let run = try Program.ktaskctl(["pin", "--with", "iommufd:\(Devices.first)", "--size", "8M"])
    test.expect(run.status == 8, "status \(run.status): \(run.errors)")
    test.expect(run.errors.contains("/dev/iommu: is not there"), run.errors)
  },
]
