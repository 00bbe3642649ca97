/// On which node's CPUs threads run.
let nodeThreadTests: [GuestTest] = [
  GuestTest("helpers run on the CPUs of the node that they clear, a node without any has the nearest's") { test in
    let words = ["--size", "64M", "--page-size", "4K", "--min-chunk", "4M", "--threads", "2"]
    // the last of four nodes has no CPUs and is nearest to the one before
    for (node, cpus) in test.machine.nodes > 2 ? [(1, [2, 3]), (3, [4, 5])] : [(0, [0, 1]), (1, [2, 3])] {
      let clear = ["clear", "--nodes", "\(node)"] + words
      let run = try Program(["ktaskctl"] + clear + ["--runs", "9999"])
      var places = HelperPlaces()
      let ended = try run.end { places.take(of: run.process) >= 100 }
      test.expect(ended.status == 143, "status \(ended.status): \(ended.errors)")
      test.expect(places.cpus.values.allSatisfy { $0 == [cpus] }, "node \(node): \(places.cpus)")
      let once = try Program.ktaskctl(clear + ["--runs", "1", "--warmup", "0", "--json"]).document()
      let told = once["results"][0]["helpers"].array.dropFirst().map { $0["node"].int }
      test.expect(told == [cpus[0] / 2], "it tells \(told)")
    }
  },
  GuestTest("a helper whose node has nothing left goes over to the other node's CPUs") { test in
    for turn in 0..<64 {
      // the caller takes its own node's part, wherever it runs: half of the time that leaves the helper the small one
      let (small, large) = (turn % 2, 1 - turn % 2)
      let run = try Program([
        "ktaskctl", "clear", "--region", "size=64M,nodes=\(small)",
        "--region", "size=\(Speed.size(320)),nodes=\(large)",
        "--page-size", "4K", "--min-chunk", "8M", "--threads", "2", "--runs", "1", "--warmup", "0",
      ])
      var places = HelperPlaces()
      let ended = try run.wait { places.take(of: run.process) }
      try test.demand(ended.status == 0, "status \(ended.status): \(ended.errors)")
      let ways = places.cpus.values
      try test.demand(ways.allSatisfy { $0.allSatisfy { $0 == [0, 1] || $0 == [2, 3] } }, "helpers were on \(ways)")
      let (before, after) = ([2 * small, 2 * small + 1], [2 * large, 2 * large + 1])
      if ways.contains(where: { zip($0, $0.dropFirst()).contains { $0 == before && $1 == after } }) { return }
    }
    test.expect(false, "no helper was seen to move")
  },
  GuestTest("the caller's CPUs are never widened for a node that it may not run on") { test in
    let words = ["--size", "64M", "--page-size", "4K", "--nodes", "1", "--min-chunk", "4M", "--threads", "2"]
    let run = try Program(["ktaskctl", "clear", "--runs", "9999"] + words, in: Surroundings(cpus: "0-1"))
    var places = HelperPlaces()
    let ended = try run.end { places.take(of: run.process, named: nil) >= 100 }
    test.expect(ended.status == 143, "status \(ended.status): \(ended.errors)")
    test.expect(places.cpus.values.joined().allSatisfy { Set($0).isSubset(of: [0, 1]) }, "threads on \(places.cpus)")
  },
]
