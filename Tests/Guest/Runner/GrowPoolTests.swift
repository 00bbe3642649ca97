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
  GuestTest("a pool that has grown is as it was, on each node, after a signal and when time runs out") { test in
    for words in [[], ["--timeout", "3s"]] {
      try Pools.with([0: 8, 1: 4]) {
        try Scratch.file(in: "/dev/hugepages") { path in try stopGrown(test, path, words) }
      }
    }
  },
]

/// Prefaults on node 1, whose pool grows for it; stops that when some pages are made, by a signal or, where `words` give
/// it a time, by keeping it until that is over; and looks at every node's pool.
private func stopGrown(_ test: Test, _ path: String, _ words: [String]) throws {
  let before = Pools.counts(on: test)
  let size = 400 * mib
  let run = try Program(
    ["ktaskctl", "prefault", path, "--size", "\(size)", "--nodes", "1", "--grow-pool", "--threads", "2"]
      + ["--min-chunk", "2M", "--json"] + words)
  let began = Clock.seconds
  var isGrown = false
  let ended = try run.wait {
    // while it grows, as many are in use as before
    let (pages, used) = (Pools.total(1), Pools.total(1) - Pools.free(1))
    if isGrown || pages < size / Pages.huge || used < before[1][0] - before[1][1] + 8 { return }
    isGrown = true
    if words.isEmpty { return run.signal(SIGTERM) }
    run.signal(SIGSTOP)
    while Clock.seconds - began < 3.1 { usleep(10_000) }
    run.signal(SIGCONT)
  }
  test.expect(isGrown, "the pool was not seen to grow: \(ended.errors)")
  test.expect(ended.status == (words.isEmpty ? 143 : 6), "\(words): status \(ended.status): \(ended.errors)")
  let undone = try ended.document()["undone"]
  test.expect(undone["complete"].bool == true && undone["bytes"].int ?? 0 > 0, "\(words): \(undone)")
  test.expect(Pools.counts(on: test) == before, "\(words): \(before) became \(Pools.counts(on: test))")
  test.expect(!Files.exists(path), "the file is there")
}
