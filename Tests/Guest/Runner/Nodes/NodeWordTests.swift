private let mib = 1 << 20

/// The words of --nodes that only a machine with several nodes gives a meaning.
let nodeWordTests: [GuestTest] = [
  GuestTest("a device's node is the one that its bus is of, behind a port, too", on: [.twoNodes]) { test in
    let device = "0000:81:00.0"
    let node = Files.number("/sys/bus/pci/devices/\(device)/numa_node")
    try test.demand(node == 1, "\(device) is on node \(node ?? -1)")
    // 80:00.0 is the port that it is behind
    for (word, nodes) in [
      ("pci:\(device)", [1]), ("pci:80:00.0", [1]), ("!pci:81:00.0", [0]), ("0,pci:81:00.0", [0, 1]),
      ("+0,pci:81:0", [0, 1]),
    ] { try checkPages(test, word, on: nodes) }
    try Scratch.cgroup(["cpuset.mems": "0"]) { group in
      let run = try Program.ktaskctl(
        ["clear", "--size", "4M", "--nodes", "pci:\(device)"], in: Surroundings(cgroup: group))
      test.expect(run.status == 8 && run.errors.contains("may have memory of node 0"), "\(run.status): \(run.errors)")
    }
  },
  GuestTest("all nodes but one are the others, and +0 is the first that the cpuset has") { test in
    let all = Array(0..<test.machine.nodes)
    for node in all.prefix(2) { try checkPages(test, "!\(node)", on: all.filter { $0 != node }) }
    for word in ["+all", "0,all"] { try checkPages(test, word, on: all) }
    let none = try Program.ktaskctl(["clear", "--size", "4M", "--nodes", "!all"])
    test.expect(none.status == 8, "!all: status \(none.status): \(none.errors)")
    try Scratch.cgroup(["cpuset.mems": "1"]) { group in
      try checkPages(test, "+0", on: [1], in: Surroundings(cgroup: group))
    }
  },
]

/// Prefaults a file on the nodes of that word, and asks the kernel where each page is.
private func checkPages(_ test: Test, _ word: String, on nodes: [Int], in surroundings: Surroundings = Surroundings())
  throws
{
  let all = Array(0..<test.machine.nodes)
  try Pools.with(Dictionary(uniqueKeysWithValues: all.map { ($0, 8) })) {
    for (directory, page) in [("/dev/hugepages", Pages.huge), ("/dev/shm", Pages.base)] {
      try Scratch.file(in: directory) { path in
        let size = nodes.count * 16 * mib
        let run = try Program.ktaskctl(
          ["prefault", path, "--size", "\(size)", "--nodes", word, "-q"], in: surroundings)
        try test.demand(run.status == 0, "\(word): status \(run.status): \(run.errors)")
        let each = try Pages.eachNode(of: path, pageSize: page)
        let expected = nodes.flatMap { Array(repeating: $0, count: 16 * mib / page) }
        test.expect(each == expected, "\(directory), \(word): \(runs(each))")
      }
    }
  }
}
