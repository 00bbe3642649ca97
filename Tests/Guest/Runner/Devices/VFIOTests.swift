import CGuest
import Glibc

private let mib = 1 << 20

/// pin --with vfio: what devices see, what the kernel counts, and what is refused.
let vfioTests: [GuestTest] = [
  GuestTest("a device writes into a tmpfs file that is pinned for its VFIO group") { test in
    try checkDMA(test, in: "/dev/shm", ["--with", "vfio:\(Devices.group())"])
  },
  GuestTest("a device writes into a hugetlbfs file that is pinned for its VFIO group, beyond 4 GiB") { test in
    try Pools.with([0: 16, 1: 16]) {
      try checkDMA(
        test, in: "/dev/hugepages", ["--with", "vfio:\(Devices.group())", "--iova-base", "0x100000000"], base: 1 << 32)
      test.expect(Pools.free(on: test).prefix(2) == [16, 16], "left over: \(Pools.free(on: test))")
    }
  },
  GuestTest("two devices write into memory that is pinned in two containers, which count it twice") { test in
    let groups = try [Devices.group(), Devices.group(of: Devices.second)].joined(separator: ",")
    try checkDMA(
      test, in: "/dev/shm", ["--with", "vfio:\(groups)"], devices: [Devices.first, Devices.second],
      counted: (2, "VmLck"))
  },
  GuestTest("two devices share a container") { test in
    let groups = try [Devices.group(), Devices.group(of: Devices.second)].joined(separator: "+")
    try checkDMA(test, in: "/dev/shm", ["--with", "vfio:\(groups)"], devices: [Devices.first, Devices.second])
  },
  GuestTest("memory is pinned for VFIO in pages of every kind, populated before and not", on: [.twoNodes, .iommufd]) {
    test in
    try Pools.with([0: 32, 1: 32]) {
      for (page, size) in [("4K", "32M"), ("thp", "32M"), ("2M", "32M"), ("1G", "1G")] {
        for method in ["populate", "touch", "map-cold"] where page != "1G" || method == "populate" {
          let words = try ["pin", "--with", "vfio:\(Devices.group())", "--size", size, "--page-size", page]
          let run = try Program.ktaskctl(
            words + [
              "--method", method, "--min-chunk", "4M", "--threads", "1,3", "--runs", "1", "--warmup", "0", "--json",
            ])
          try test.demand(run.status == 0, "\(page) \(method): status \(run.status): \(run.errors)")
          let locked = try run.document()["verified"]["locked_bytes"].int
          test.expect(locked == (page == "1G" ? 1 << 30 : 32 * mib), "\(page) \(method): \(locked ?? -1) locked")
        }
      }
      test.expect(Pools.free(on: test).prefix(2) == [32, 32], "left over: \(Pools.free(on: test))")
    }
  },
  GuestTest("more mappings than a container has room for are refused with status 4, fewer are made") { test in
    let pin = try ["pin", "--with", "vfio:\(Devices.group())", "--page-size", "4K", "--json", "--map-size"]
    // the second ones would be 65535 in one part, but have two, each of an odd number of pages
    for (words, count) in [
      (["4K", "--size", "280000K"], 70000), (["8K", "--size", "524280K", "--nodes", "0,1"], 65536),
    ] {
      let refused = try Program.ktaskctl(pin + words)
      test.expect(refused.status == 4, "status \(refused.status): \(refused.errors)")
      test.expect(refused.errors.contains("needs \(count) mappings, 65535 are possible"), refused.errors)
      test.expect(refused.errors.contains("try: a larger --map-size"), refused.errors)
    }
    let made = try Program.ktaskctl(pin + ["4K", "--size", "16M", "--runs", "1", "--warmup", "0"])
    test.expect(made.status == 0, "status \(made.status): \(made.errors)")
    let locked = try made.document()["verified"]["locked_bytes"].int
    test.expect(locked == 16 * mib, "\(locked ?? -1) locked")
  },
  GuestTest("addresses that the IOMMU cannot map are refused with status 8, and the usable ones are told") { test in
    for (address, status) in [
      ("0xfee00000", 8), ("0xfffffffff000", 8), ("0x1000000000000", 8), ("100", 64), ("0xfef00000", 0),
    ] {
      let run = try Program.ktaskctl([
        "pin", "--with", "vfio:\(Devices.group())", "--size", "16M", "--iova-base", address, "--runs", "1", "-q",
      ])
      test.expect(run.status == status, "\(address): status \(run.status): \(run.errors)")
      // in ASCII, as the guest's locale has it
      if status == 8 { test.expect(run.errors.contains("usable: 0x0-0xfedfffff, 0xfef00000-0x"), run.errors) }
    }
  },
  GuestTest("a group that another program has open is busy: status 7") { test in
    let group = try Devices.group()
    let held = try HeldPin(["--with", "vfio:\(group)", "--size", "8M"])
    let run = try Program.ktaskctl(["pin", "--with", "vfio:\(group)", "--size", "8M"])
    test.expect(run.status == 7, "status \(run.status): \(run.errors)")
    test.expect(run.errors.contains("/dev/vfio/\(group): another program has it open"), run.errors)
    let ended = try held.end()
    test.expect(ended.status == 0, "status \(ended.status): \(ended.errors)")
    let again = try Program.ktaskctl(["pin", "--with", "vfio:\(group)", "--size", "8M", "--runs", "1", "-q"])
    test.expect(again.status == 0, "afterwards: status \(again.status): \(again.errors)")
  },
  GuestTest("a group that is not there, not bound, not the user's is refused") { test in
    let bridge = try Devices.group(of: "0000:00:1f.0")
    let mine = try Devices.group()
    for (group, user, status, words) in [
      ("99", nil, 8, "there is no such IOMMU group"), (bridge, nil, 8, "is not bound to vfio-pci"),
      (mine, 65534, 4, "(EACCES)"),
    ] as [(String, UInt32?, Int32, String)] {
      let run = try Program.ktaskctl(
        ["pin", "--with", "vfio:\(group)", "--size", "64K", "--page-size", "4K"], in: Surroundings(user: user))
      test.expect(run.status == status, "group \(group): status \(run.status): \(run.errors)")
      test.expect(run.errors.contains("/dev/vfio/\(group)") && run.errors.contains(words), run.errors)
    }
  },
  GuestTest(
    "a group with a device that the kernel drives is not viable: status 8, and the device is told", on: [.iommufd]
  ) {
    test in
    let device = "/sys/bus/pci/devices/0000:00:07.0"
    try test.demand(
      Files.write(device + "/driver_override", "vfio-pci") && Files.write("/sys/bus/pci/drivers_probe", "0000:00:07.0"),
      "0000:00:07.0 cannot be bound")
    defer {
      _ = Files.write(device + "/driver/unbind", "0000:00:07.0")
      _ = Files.write(device + "/driver_override", "\n")
    }
    for with in try ["vfio:\(Devices.group(of: "0000:00:07.0"))", "iommufd:0000:00:07.0"] {
      let run = try Program.ktaskctl(["pin", "--with", with, "--size", "8M"])
      test.expect(run.status == 8, "\(with): status \(run.status): \(run.errors)")
      test.expect(run.errors.contains("not viable: 0000:00:07.1 has the driver virtio-pci"), run.errors)
      test.expect(run.errors.contains("try: echo 0000:00:07.1 > "), run.errors)
    }
  },
  GuestTest("RLIMIT_MEMLOCK holds for VFIO without CAP_IPC_LOCK, in each container by itself") { test in
    let groups = try [Devices.group(), Devices.group(of: Devices.second)]
    try Devices.owned(groups.map { "/dev/vfio/" + $0 }, by: 65534) {
      for (with, status) in [(groups[0], 0), (groups.joined(separator: "+"), 0), (groups.joined(separator: ","), 4)] {
        let run = try Program.ktaskctl(
          ["pin", "--with", "vfio:\(with)", "--size", "6M", "--page-size", "4K", "--runs", "1", "-q"],
          in: Surroundings(lockedMemory: UInt(8 * mib), user: 65534))
        test.expect(run.status == status, "\(with): status \(run.status): \(run.errors)")
        if status == 4 { test.expect(run.errors.contains("RLIMIT_MEMLOCK"), run.errors) }
      }
    }
  },
  GuestTest(
    "a machine without interrupt remapping is refused with status 8, and what can be done is told", on: [.noRemapping]
  ) {
    test in
    try checkNoRemapping(test, "vfio:\(Devices.group())", module: "vfio_iommu_type1")
  },
]

/// Expects status 8 and a remedy, under which a pin is made.
func checkNoRemapping(_ test: Test, _ with: String, module: String) throws {
  let parameter = "/sys/module/\(module)/parameters/allow_unsafe_interrupts"
  let words = ["pin", "--with", with, "--size", "8M", "--runs", "1", "--warmup", "0", "--json"]
  let run = try Program.ktaskctl(words)
  test.expect(run.status == 8, "\(with): status \(run.status): \(run.errors)")
  test.expect(run.errors.contains("no interrupt remapping"), run.errors)
  test.expect(run.errors.contains("try: echo 1 > \(parameter), if devices are to be trusted"), run.errors)
  let remedy = try run.document()["errors"][0]["remedy"].string?.split(separator: ",").first.map(String.init)
  try test.demand(Program.run(["sh", "-c", remedy ?? "false"]).status == 0, "\(remedy ?? "")")
  defer { _ = Files.write(parameter, "0") }
  let trusting = try Program.ktaskctl(words)
  test.expect(trusting.status == 0, "\(with), then: status \(trusting.status): \(trusting.errors)")
}

/// Pins a file for devices, has each of them copy bytes in it, and asks the kernel what is pinned. `counted`: how often
/// the kernel counts it, and as what.
func checkDMA(
  _ test: Test, in directory: String, _ words: [String], base: UInt64? = nil, devices: [String] = [Devices.first],
  counted: (times: Int, as: String) = (1, "VmLck"), throughGroup: Bool = true
) throws {
  try Scratch.file(in: directory) { path in
    let length = 32 * mib
    let dma = try DMA(path, length)
    defer { dma.unmap() }
    let held = try HeldPin([path] + words)
    try test.demand(held.document["errors"].array.isEmpty, "\(held.document["errors"])")
    let count = held.counted(counted.as)
    test.expect(count == counted.times * length, "\(counted.as) is \(count)")
    let found = try held.base()
    if let base { test.expect(found == base, "devices see it at \(found)") }
    for address in devices {
      let device = try held.device(address, throughGroup: throughGroup)
      dma.check(device, base: found, test)
      close(device)
    }
    let ended = try held.end()
    test.expect(ended.status == 0, "status \(ended.status): \(ended.errors)")
  }
}
