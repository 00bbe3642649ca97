/// That the guest is what the other tests take it for.
let machineTests: [GuestTest] = [
  GuestTest("the machine has its nodes, the last of four without CPUs") { test in
    let nodes = numbers(Files.read("/sys/devices/system/node/online") ?? "")
    test.expect(nodes == Array(0..<test.machine.nodes), "nodes \(nodes)")
    let withoutCPUs = nodes.filter { numbers(Files.read("/sys/devices/system/node/node\($0)/cpulist") ?? "").isEmpty }
    test.expect(withoutCPUs == (test.machine == .fourNodes ? [3] : []), "without CPUs: \(withoutCPUs)")
  },
  GuestTest("ktaskctl topology sees the nodes, their CPUs and their memory as the kernel has them") { test in
    let run = try Program.ktaskctl(["topology", "--json"])
    try test.demand(run.status == 0, "status \(run.status): \(run.errors)")
    let nodes = try run.document()["host"]["nodes"].array
    test.expect(nodes.count == test.machine.nodes, "\(nodes.count) nodes")
    for (number, node) in nodes.enumerated() {
      let directory = "/sys/devices/system/node/node\(number)"
      let cpus = Files.read(directory + "/cpulist").map(numbers)
      test.expect(node["cpus"].string.map(numbers) == cpus, "node \(number): CPUs \(node["cpus"])")
      let words = Files.read(directory + "/meminfo")?.split(whereSeparator: \.isWhitespace) ?? []
      let kilobytes = words.count > 3 ? Int(words[3]) : nil
      test.expect(node["memory_bytes"].int == kilobytes.map { $0 << 10 }, "node \(number): \(node["memory_bytes"])")
    }
  },
  GuestTest("ktaskctl topology says how fast the nodes are, as their firmware does", on: [.twoNodes]) { test in
    let run = try Program.ktaskctl(["topology", "--json"])
    let nodes = try run.document()["nodes"].array
    for (number, (megabytes, nanoseconds)) in [(10240, 50), (8192, 60)].enumerated() {
      let access = nodes.count > number ? nodes[number]["access"] : .null
      test.expect(access["from_nodes"].string == "\(number)", "node \(number): \(access)")
      for way in ["read", "write"] {
        test.expect(access["\(way)_bytes_per_second"].int == megabytes * 1_000_000, "node \(number): \(access)")
        let seconds = access["\(way)_latency_seconds"].double ?? 0
        test.expect((seconds * 1e9).rounded() == Double(nanoseconds), "node \(number): \(access)")
      }
    }
    let text = try Program.ktaskctl(["topology"])
    test.expect(text.output.contains("10240 MB/s, 50 ns from node 0"), text.output)
  },
  GuestTest("an IOMMU is there, and every edu device is bound to vfio-pci in a group of its own") { test in
    var groups: [String] = []
    for group in Files.list("/sys/kernel/iommu_groups") {
      let devices = Files.list("/sys/kernel/iommu_groups/\(group)/devices")
      let isEdu = devices.contains {
        Files.read("/sys/bus/pci/devices/\($0)/vendor") == "0x1234\n"
          && Files.read("/sys/bus/pci/devices/\($0)/device") == "0x11e8\n"
      }
      if !isEdu { continue }
      groups.append(group)
      test.expect(devices.count == 1, "group \(group) has \(devices)")
      test.expect(Files.exists("/dev/vfio/\(group)"), "/dev/vfio/\(group) is missing")
    }
    test.expect(groups.count == 2, "\(groups.count) groups with an edu device")
    test.expect(Files.exists("/dev/vfio/vfio"), "/dev/vfio/vfio is missing")
  },
  GuestTest("the kernel of the machine for iommufd has it, and a device node for VFIO", on: [.iommufd]) { test in
    test.expect(Files.exists("/dev/iommu"), "/dev/iommu is missing")
    let devices = Files.list("/dev/vfio/devices")
    test.expect(devices.count == 2, "/dev/vfio/devices has \(devices)")
  },
]
