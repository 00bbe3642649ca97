import Glibc

private let mib = 1 << 20

/// --nodes, --policy and --region: what lies where, told by system calls of these tests' own.
let nodeTests: [GuestTest] = fileNodeTests + policyTests + shortNodeTests

/// Runs ktaskctl and takes its document; ends the test where it fails.
private func document(_ test: Test, _ words: [String]) throws -> JSON {
  let run = try Program.ktaskctl(words + ["--json"])
  try test.demand(run.status == 0, "\(words): status \(run.status): \(run.errors)")
  return try run.document()
}

/// `pages_by_node` as numbers.
private func told(_ value: JSON) -> [Int: Int] {
  var pages: [Int: Int] = [:]
  for (node, count) in value["pages_by_node"].members { pages[Int(node) ?? -1] = count.int ?? -1 }
  return pages
}

/// Files of hugetlbfs and tmpfs.
private let fileNodeTests: [GuestTest] = [
  GuestTest("a file's pages come from the one node that was asked for, whichever it is") { test in
    for node in 0..<test.machine.nodes {
      try Pools.with([node: 32, (node + 1) % test.machine.nodes: 32]) {
        for (directory, page, size) in [("/dev/hugepages", Pages.huge, 48 * mib), ("/dev/shm", Pages.base, 24 * mib)] {
          try Scratch.file(in: directory) { path in
            let found = try document(test, ["prefault", path, "--size", "\(size)", "--nodes", "\(node)"])
            let nodes = try Pages.nodes(of: path, pageSize: page)
            test.expect(nodes == [node: size / page], "\(directory): \(nodes) for node \(node)")
            test.expect(told(found["files"][0]) == nodes, "it tells \(told(found["files"][0]))")
          }
        }
      }
    }
  },
  GuestTest("several nodes get equal parts, each in one piece; all means all that have memory") { test in
    let all = Array(0..<test.machine.nodes)
    let some = test.machine.nodes > 2 ? [0, 2] : [0, 1]
    for (word, nodes) in [(some.map(String.init).joined(separator: ","), some), ("all", all)] {
      try Pools.with(Dictionary(uniqueKeysWithValues: nodes.map { ($0, 32) })) {
        for (directory, page) in [("/dev/hugepages", Pages.huge), ("/dev/shm", Pages.base)] {
          try Scratch.file(in: directory) { path in
            let size = nodes.count * 32 * mib
            let found = try document(test, ["prefault", path, "--size", "\(size)", "--nodes", word])
            let each = try Pages.eachNode(of: path, pageSize: page)
            let expected = nodes.flatMap { Array(repeating: $0, count: 32 * mib / page) }
            test.expect(each == expected, "\(directory), \(word): \(runs(each))")
            let tasks = found["plan"]["node_tasks"].array.map { $0["node"].int }
            test.expect(tasks == nodes.map { Optional($0) }, "node tasks of \(tasks)")
          }
        }
      }
    }
  },
  GuestTest("two regions on two nodes are done in one call, and cleared in place there") { test in
    try Pools.with([0: 40, 1: 40]) {
      try Scratch.file(in: "/dev/hugepages") { one in
        try Scratch.file(in: "/dev/shm") { two in
          let regions = ["--region", "path=\(one),size=80M,nodes=1", "--region", "path=\(two),size=40M,nodes=0"]
          let found = try document(test, ["prefault"] + regions)
          test.expect(found["files"].array.map(told) == [[1: 40], [0: 10240]], "it tells \(found["files"])")
          for path in [one, two] { try Pages.fill(path, with: 0xa5) }
          _ = try document(test, ["clear", "--runs", "1", "--warmup", "0"] + regions)
          for (path, page, nodes) in [(one, Pages.huge, [1: 40]), (two, Pages.base, [0: 10240])] {
            let lie = try Pages.nodes(of: path, pageSize: page)
            test.expect(lie == nodes, "\(path): \(lie)")
            let first = try Pages.firstByte(of: path) { $0 != 0 }
            test.expect(first == nil, "\(path): byte \(first ?? 0) is not zero")
          }
        }
      }
    }
  },
  GuestTest("pages that are on another node already are not moved: the file is refused and stays") { test in
    try Pools.with([0: 16, 1: 16]) {
      for (directory, page) in [("/dev/hugepages", Pages.huge), ("/dev/shm", Pages.base)] {
        try Scratch.file(in: directory) { path in
          _ = try document(test, ["prefault", path, "--size", "16M", "--nodes", "0"])
          try Pages.fill(path, with: 0x5a)
          for words in [["prefault", path, "--size", "32M"], ["clear", path], ["pin", path]] {
            let run = try Program.ktaskctl(words + ["--nodes", "1"])
            test.expect(run.status == 1, "\(words): status \(run.status): \(run.errors)")
            test.expect(run.errors.contains("16 MiB on node 0 already, from offset 0 on, not on node 1"), run.errors)
          }
          let nodes = try Pages.nodes(of: path, pageSize: page)
          test.expect(nodes == [0: 16 * mib / page], "\(directory): \(nodes)")
          let first = try Pages.firstByte(of: path) { $0 != 0x5a }
          test.expect(first == nil, "byte \(first ?? 0) has changed")
          // both nodes are right for it, and the rest of it comes from both
          _ = try document(test, ["prefault", path, "--size", "48M", "--nodes", "0,1"])
          let grown = try Pages.nodes(of: path, pageSize: page)
          test.expect(grown == [0: 32 * mib / page, 1: 16 * mib / page], "\(directory): \(grown)")
        }
      }
    }
  },
]

private let policyTests: [GuestTest] = [
  GuestTest("interleaved pages go from node to node") { test in
    try Pools.with([0: 32, 1: 32]) {
      for (directory, page) in [("/dev/hugepages", Pages.huge), ("/dev/shm", Pages.base)] {
        try Scratch.file(in: directory) { path in
          let words = ["prefault", path, "--size", "64M", "--nodes", "0-1", "--policy", "interleave"]
          let found = try document(test, words)
          let each = try Pages.eachNode(of: path, pageSize: page)
          let half = 32 * mib / page
          test.expect(each.count { $0 == 0 } == half && each.count { $0 == 1 } == half, runs(each))
          test.expect(zip(each, each.dropFirst()).allSatisfy { $0 != $1 }, "\(directory): \(runs(each))")
          test.expect(told(found["files"][0]) == [0: half, 1: half], "it tells \(found["files"])")
        }
      }
    }
  },
  GuestTest("a preferred node is left when it has no pages, a bound one is not") { test in
    try Pools.with([0: 64, 1: 8]) {
      try Scratch.file(in: "/dev/hugepages") { path in
        let words = ["prefault", path, "--size", "64M", "--nodes", "1"]
        let bound = try Program.ktaskctl(words)
        test.expect(bound.status == 3 && !Files.exists(path), "status \(bound.status): \(bound.errors)")
        _ = try document(test, words + ["--policy", "preferred"])
        let nodes = try Pages.nodes(of: path, pageSize: Pages.huge)
        test.expect(nodes == [0: 24, 1: 8], "\(nodes)")
      }
    }
  },
  GuestTest(
    "what a preferred node lacks comes from the nearest one, not from another that was asked for", on: [.fourNodes]
  ) { test in
    try Pools.with([0: 8, 1: 40, 2: 40]) {
      try Scratch.file(in: "/dev/hugepages") { path in
        let words = ["prefault", path, "--size", "64M", "--nodes", "0,2", "--policy", "preferred"]
        let found = try document(test, words)
        test.expect(
          found["plan"]["node_tasks"].array.map { $0["bytes"].int } == [32 * mib, 32 * mib], "\(found["plan"])")
        let nodes = try Pages.nodes(of: path, pageSize: Pages.huge)
        test.expect(nodes == [0: 8, 1: 8, 2: 16], "\(nodes)")
      }
    }
  },
  GuestTest("anonymous memory lies on its nodes while it is made, seen from outside") { test in
    let last = test.machine.nodes - 1
    for (nodes, policy) in [([1], "bind"), ([last], "bind"), ([0, last], "bind"), ([0, last], "interleave")] {
      let words =
        ["clear", "--size", "32M", "--page-size", "4K", "--min-chunk", "2M", "--threads", "2"]
        + ["--nodes", nodes.map(String.init).joined(separator: ","), "--policy", policy]
      let run = try Program(["ktaskctl"] + words + ["--runs", "9999"])
      var seen: [Int: Int] = [:]
      let ended = try run.end {
        usleep(50_000)
        for (node, pages) in ProcessPages.nodes(of: run.process) { seen[node, default: 0] += pages }
        return Set(seen.keys).isSuperset(of: nodes)
      }
      test.expect(ended.status == 143, "\(words): status \(ended.status): \(ended.errors)")
      test.expect(Set(seen.keys) == Set(nodes), "\(words): pages on \(seen)")
      let found = told(try document(test, words + ["--runs", "1", "--warmup", "0"])["verified"])
      test.expect(found == Dictionary(uniqueKeysWithValues: nodes.map { ($0, 8192 / nodes.count) }), "tells \(found)")
    }
  },
]

/// All the memory that a node has, in bytes.
private func memory(_ test: Test, ofNode node: Int) throws -> Int {
  let words = Files.read("/sys/devices/system/node/node\(node)/meminfo")?.split(whereSeparator: \.isWhitespace) ?? []
  return try test.demand(words.count > 3 ? Int(words[3]) : nil, "node \(node) does not tell its memory") << 10
}

/// Nodes that have too little.
private let shortNodeTests: [GuestTest] = [
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
