import Glibc

private let mib = 1 << 20

/// All the memory that a node has, in bytes.
private func memory(_ test: Test, ofNode node: Int) throws -> Int {
  let words = Files.read("/sys/devices/system/node/node\(node)/meminfo")?.split(whereSeparator: \.isWhitespace) ?? []
  return try test.demand(words.count > 3 ? Int(words[3]) : nil, "node \(node) does not tell its memory") << 10
}

/// Nodes that have too little.
let shortNodeTests: [GuestTest] = [
  GuestTest("a short pool on one node is refused beforehand, whatever others have, with a remedy that works") { test in
    try Pools.with([0: 200, 1: 20]) {
      try Scratch.file(in: "/dev/hugepages") { path in
        let words = ["prefault", path, "--size", "80M", "--nodes", "1"]
        let run = try Program.ktaskctl(words + ["--json"])
        test.expect(run.status == 3, "status \(run.status): \(run.errors)")
        test.expect(run.errors.contains("80 MiB needs 40 free 2 MiB pages on node 1, 20 are free"), run.errors)
        let error = try run.document()["errors"][0]
        test.expect(error["node"].int == 1, "\(error)")
        test.expect(!Files.exists(path) && Pools.free(on: test).prefix(2) == [200, 20], "\(Pools.free(on: test))")
        try test.demand(Program.run(["sh", "-c", error["remedy"].string ?? "false"]).status == 0, "\(error["remedy"])")
        _ = try document(test, words)
        let nodes = try Pages.nodes(of: path, pageSize: Pages.huge)
        test.expect(nodes == [1: 40], "\(nodes)")
      }
    }
  },
  GuestTest("what a short node cannot give, others that were asked for give") { test in
    try Pools.with([0: 100, 1: 10]) {
      try Scratch.file(in: "/dev/hugepages") { path in
        _ = try document(test, ["prefault", path, "--size", "160M", "--nodes", "0,1"])
        let each = try Pages.eachNode(of: path, pageSize: Pages.huge)
        test.expect(each == Array(repeating: 0, count: 70) + Array(repeating: 1, count: 10), runs(each))
      }
      try Scratch.file(in: "/dev/hugepages") { path in
        let run = try Program.ktaskctl(["prefault", path, "--size", "240M", "--nodes", "0,1"])
        test.expect(run.status == 3, "status \(run.status): \(run.errors)")
        test.expect(run.errors.contains("on node 0") && run.errors.contains("on node 1"), run.errors)
        test.expect(!Files.exists(path), "the file is there")
      }
    }
  },
  GuestTest("what a short node lacks of memory, others that were asked for give", on: [.fourNodes]) { test in
    // more than twice of what the small one has, and less than both have
    let size = try memory(test, ofNode: 2) * 11 / 5 / mib * mib
    let found = try document(
      test,
      [
        "clear", "--size", "\(size)", "--page-size", "4K", "--nodes", "0,2", "--threads", "2", "--runs", "1",
        "--warmup", "0",
      ])
    let tasks = found["plan"]["node_tasks"].array
    let bytes = tasks.map { $0["bytes"].int ?? 0 }
    test.expect(tasks.map { $0["node"].int } == [0, 2], "\(tasks)")
    test.expect(bytes.count == 2 && bytes[1] < size / 2 && bytes[1] > size / 4, "\(bytes)")
    let pages = found["verified"]["pages_by_node"]
    test.expect([pages["0"].int, pages["2"].int] == bytes.map { $0 / 4096 }, "\(pages)")
  },
  GuestTest(
    "a node that runs out on the way ends with status 3 and its number, and everything is given back", on: [.fourNodes]
  ) { test in
    let overcommit = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages"
    try test.demand(Files.write(overcommit, "4000"), "no surplus pages")
    defer { _ = Files.write(overcommit, "0") }
    try test.demandSeen("a prefault that another one leaves too little for") {
      let isSeen = try Scratch.file(in: "/dev/hugepages") { path in
        try Scratch.file(in: "/dev/hugepages") { try runOut(test, path, besides: $0, node: 2) }
      }
      test.expect((0..<test.machine.nodes).allSatisfy { Pools.total($0) == 0 }, "pools \(Pools.free(on: test))")
      return isSeen
    }
  },
  GuestTest("nodes that are not there, or that the cpuset forbids, are refused with status 8") { test in
    let run = try Program.ktaskctl(["clear", "--size", "4M", "--nodes", "\(test.machine.nodes)"])
    test.expect(run.status == 8, "status \(run.status): \(run.errors)")
    try Scratch.cgroup(["cpuset.mems": "0"]) { group in
      let inside = Surroundings(cgroup: group)
      let run = try Program.ktaskctl(["clear", "--size", "4M", "--nodes", "1"], in: inside)
      test.expect(run.status == 8 && run.errors.contains("may have memory of node 0"), "\(run.status): \(run.errors)")
      let relative = try Program.ktaskctl(["clear", "--size", "4M", "--nodes", "+0", "--json"], in: inside)
      test.expect(relative.status == 0, "status \(relative.status): \(relative.errors)")
    }
  },
]

/// Prefaults two files on a node that has room for one. The first is told that there is enough, and stopped until the second
/// has it. False where it was done before it could be stopped.
private func runOut(_ test: Test, _ path: String, besides other: String, node: Int) throws -> Bool {
  let size = try memory(test, ofNode: node) * 3 / 5 / mib * mib
  func words(_ path: String) -> [String] { ["prefault", path, "--size", "\(size)", "--nodes", "\(node)", "--json"] }
  let late = try Program(["ktaskctl"] + words(path) + ["--threads", "1", "--progress", "json"])
  while !late.hasEnded && !late.errorsSoFar.contains("\"event\":\"start\"") { usleep(1000) }
  late.signal(SIGSTOP)
  let early = try Program.ktaskctl(words(other))
  late.signal(SIGCONT)
  let run = try late.wait()
  if early.status != 0 || run.status == 0 { return false }
  test.expect(run.status == 3, "status \(run.status): \(run.errors)")
  let found = try run.document()
  test.expect(found["errors"][0]["node"].int == node, "\(found["errors"])")
  test.expect(found["errors"][0]["errno"].string == "EFAULT", "\(found["errors"])")
  test.expect(found["undone"]["complete"].bool == true, "\(found["undone"])")
  test.expect(!Files.exists(path), "the file is there")
  return true
}
