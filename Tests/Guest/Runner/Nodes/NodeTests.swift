import Glibc

private let mib = 1 << 20

/// --nodes, --policy and --region: what lies where, told by system calls of these tests' own.
let nodeTests: [GuestTest] = fileNodeTests + policyTests + shortNodeTests

/// Runs ktaskctl and takes its document; ends the test where it fails.
func document(_ test: Test, _ words: [String]) throws -> JSON {
  let run = try Program.ktaskctl(words + ["--json"])
  try test.demand(run.status == 0, "\(words): status \(run.status): \(run.errors)")
  return try run.document()
}

/// `pages_by_node` as numbers.
func told(_ value: JSON) -> [Int: Int] {
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
