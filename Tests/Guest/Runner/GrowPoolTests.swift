import Glibc

private let mib = 1 << 20

/// --grow-pool: which node's pool becomes larger, and how each has what it had after a failure.
let growPoolTests: [GuestTest] = [
  GuestTest("a pool grows on the node that is asked for, and on no other") { test in
    let all = Array(0..<test.machine.nodes)
    for node in all.prefix(3) {
      try Pools.with(Dictionary(uniqueKeysWithValues: all.map { ($0, 4) })) {
        try Scratch.file(in: "/dev/hugepages") { path in
          let run = try Program.ktaskctl(
            ["prefault", path, "--size", "32M", "--nodes", "\(node)", "--grow-pool", "--json"])
          try test.demand(run.status == 0, "node \(node): status \(run.status): \(run.errors)")
          test.expect(Pools.totals(on: test) == all.map { $0 == node ? 16 : 4 }, "\(node): \(Pools.totals(on: test))")
          let nodes = try Pages.nodes(of: path, pageSize: Pages.huge)
          test.expect(nodes == [node: 16], "the file has \(nodes)")
          let told = try run.document()["grown"].array.map { [$0["node"].int, $0["pages"].int] }
          test.expect(told == [[node, 12]], "it tells \(told)")
        }
      }
    }
  },
  GuestTest("the pools of several nodes grow by what each lacks") { test in
    try Pools.with([0: 20, 1: 2]) {
      try Scratch.file(in: "/dev/hugepages") { one in
        try Scratch.file(in: "/dev/hugepages") { two in
          let regions = ["--region", "path=\(one),size=48M,nodes=0", "--region", "path=\(two),size=24M,nodes=1"]
          let run = try Program.ktaskctl(["prefault"] + regions + ["--grow-pool"])
          try test.demand(run.status == 0, "status \(run.status): \(run.errors)")
          test.expect(Pools.totals(on: test).prefix(2) == [24, 12], "\(Pools.totals(on: test))")
          for (path, nodes) in [(one, [0: 24]), (two, [1: 12])] {
            let lie = try Pages.nodes(of: path, pageSize: Pages.huge)
            test.expect(lie == nodes, "\(path): \(lie)")
          }
        }
      }
    }
  },
  GuestTest("what pools have grown by goes back on the nodes that it was raised on, and what they had before stays") {
    test in
    // where it is counted
    if unsafe mkdir("/run", 0o755) != 0 { throw TestEnd.failed("/run is there") }
    defer {
      for name in Files.list("/run/ktask") { unsafe unlink("/run/ktask/\(name)") }
      unsafe rmdir("/run/ktask")
      unsafe rmdir("/run")
    }
    try Pools.with([0: 20, 1: 2]) {
      let before = Pools.counts(on: test)
      try Scratch.file(in: "/dev/hugepages") { one in
        try Scratch.file(in: "/dev/hugepages") { two in
          let regions = ["--region", "path=\(one),size=48M,nodes=0", "--region", "path=\(two),size=24M,nodes=1"]
          _ = try document(test, ["prefault", "--grow-pool"] + regions)
          test.expect(Pools.totals(on: test).prefix(2) == [24, 12], "\(Pools.totals(on: test))")
          let first = try document(test, ["release", "--shrink-pool", two])
          let told = first["shrunk"].array.map { [$0["node"].int, $0["pages"].int] }
          test.expect(told == [[1, 10]], "it tells \(told)")
          test.expect(Pools.totals(on: test).prefix(2) == [24, 2], "\(Pools.totals(on: test))")
          _ = try document(test, ["release", "--shrink-pool", one])
          test.expect(Pools.counts(on: test) == before, "\(before) became \(Pools.counts(on: test))")
        }
      }
    }
  },
  GuestTest("a pool that cannot grow gives back what another one grew before it", on: [.fourNodes]) { test in
    try Pools.with([1: 4]) {
      try Scratch.file(in: "/dev/hugepages") { one in
        try Scratch.file(in: "/dev/hugepages1G") { two in
          let before = Pools.counts(on: test)
          // node 0 has 3 GiB, and nowhere one of them in one piece
          let run = try Program.ktaskctl([
            "prefault", "--region", "path=\(one),size=64M,nodes=1", "--region", "path=\(two),size=1G,nodes=0",
            "--grow-pool", "--json",
          ])
          test.expect(run.status == 3, "status \(run.status): \(run.errors)")
          test.expect(run.errors.contains("the pool of 1 GiB pages lacks 1 on node 0"), run.errors)
          let document = try run.document()
          test.expect(document["grown"].array.map { $0["node"].int } == [1], "\(document["grown"])")
          test.expect(document["undone"]["complete"].bool == true, "\(document["undone"])")
          test.expect(Pools.counts(on: test) == before, "\(before) became \(Pools.counts(on: test))")
          test.expect(Pools.total(0, Pages.gigantic) == 0, "node 0 has a page of 1 GiB")
          test.expect(!Files.exists(one) && !Files.exists(two), "a file is there")
        }
      }
    }
  },
  GuestTest(
    "a pool that has grown is as it was, on each node, after a signal and when time runs out",
    on: [.twoNodes, .iommufd]
  ) { test in
    for time in [nil, 3 * Speed.slowness] {
      try Pools.with([0: 8, 1: 4]) {
        try Scratch.file(in: "/dev/hugepages") { path in try stopGrown(test, path, after: time) }
      }
    }
  },
  GuestTest(
    "a pool that has grown gives back neither another node's surplus nor what files have",
    on: [.twoNodes, .iommufd]
  ) { test in
    for (other, own) in [(8, 0), (0, 8), (5, 3)] {
      try Pools.with([0: 8, 1: 4]) {
        try Scratch.file(in: "/dev/hugepages") { one in
          try Scratch.file(in: "/dev/hugepages") { two in
            try surplus(test, one, on: 0, pages: other)
            try surplus(test, two, on: 1, pages: own)
            let files = try [one, two].map { try Pages.nodes(of: $0, pageSize: Pages.huge) }
            // the kernel frees no page below the number of those in use, surplus or not
            try Scratch.file(in: "/dev/hugepages") { path in try stopGrown(test, path, mayKeep: other) }
            let still = try [one, two].map { try Pages.nodes(of: $0, pageSize: Pages.huge) }
            test.expect(still == files, "\(other), \(own): files had \(files), now \(still)")
          }
        }
      }
    }
  },
]

/// Gives a file of a node's all free pages of it, and so many surplus ones, in use when the limit is 0 again.
private func surplus(_ test: Test, _ path: String, on node: Int, pages: Int) throws {
  let directory = "/sys/kernel/mm/hugepages/hugepages-2048kB/"
  let there = Files.number(directory + "surplus_hugepages") ?? 0
  try test.demand(Files.write(directory + "nr_overcommit_hugepages", "\(there + pages)"), "no surplus pages")
  defer { _ = Files.write(directory + "nr_overcommit_hugepages", "0") }
  let size = (Pools.free(node) + pages) * Pages.huge
  let run = try Program.ktaskctl(["prefault", path, "--size", "\(size)", "--nodes", "\(node)", "-q"])
  try test.demand(run.status == 0, "node \(node): status \(run.status): \(run.errors)")
  let found = (Files.number(directory + "surplus_hugepages") ?? 0) - there
  try test.demand(found == pages, "\(found) surplus pages on node \(node), \(pages) were wanted")
}

/// Prefaults on node 1, whose pool grows for it; stops that when some pages are made, by a signal or, where it is given so
/// many seconds, by keeping it until they are over; and looks at every node's pool. `mayKeep`: so many pages that it grew
/// by the kernel may keep as free ones, for which the undo is not complete or they are surplus.
private func stopGrown(_ test: Test, _ path: String, after time: Double? = nil, mayKeep: Int = 0) throws {
  let before = Pools.counts(on: test)
  let size = 400 * mib
  let words = time.map { ["--timeout", Speed.word($0)] } ?? []
  let run = try Program(
    ["ktaskctl", "prefault", path, "--size", "\(size)", "--nodes", "1", "--grow-pool", "--threads", "2"]
      + ["--min-chunk", "2M", "--json"] + words)
  var isGrown = false
  let ended = try run.wait {
    // while it grows, as many are in use as before
    let (pages, used) = (Pools.total(1), Pools.total(1) - Pools.free(1))
    if isGrown || pages < size / Pages.huge || used < before[1][0] - before[1][1] + 8 { return }
    isGrown = true
    guard let time else { return run.signal(SIGTERM) }
    run.signal(SIGSTOP)
    // it had begun: by then its time is over
    usleep(UInt32(1_000_000 * time + 100_000))
    run.signal(SIGCONT)
  }
  // its time was over too early: with more of it
  if let time, !isGrown, ended.status == 6 { return try stopGrown(test, path, after: 2 * time, mayKeep: mayKeep) }
  test.expect(isGrown, "the pool was not seen to grow: \(ended.errors)")
  test.expect(ended.status == (words.isEmpty ? 143 : 6), "\(words): status \(ended.status): \(ended.errors)")
  let undone = try ended.document()["undone"]
  test.expect(undone["bytes"].int ?? 0 > 0, "\(words): \(undone)")
  test.expect(!Files.exists(path), "the file is there")
  try checkGivenBack(test, before, undone, mayKeep: mayKeep)
}

/// That every node's pool is what it was, but for `mayKeep` free pages of node 1.
private func checkGivenBack(_ test: Test, _ before: [[Int]], _ undone: JSON, mayKeep: Int) throws {
  let after = Pools.counts(on: test)
  if mayKeep == 0 {
    test.expect(undone["complete"].bool == true && after == before, "\(before) became \(after), \(undone)")
    return
  }
  let kept = after[1][1] - before[1][1]
  test.expect((0...mayKeep).contains(kept), "\(kept) more are free on node 1")
  for (node, (was, now)) in zip(before, after).enumerated() {
    test.expect(node == 1 ? now[0] - kept == was[0] : now == was, "node \(node): \(was) became \(now)")
  }
}
