import Glibc

private let mib = 1 << 20

/// cgroup v2: what is planned for, refused beforehand, or undone.
let controlGroupTests: [GuestTest] = [
  GuestTest("cpu.max bounds the threads, whichever of two levels is the tighter") { test in
    for (above, own, threads) in [("300000", "100000", 1), ("100000", "300000", 1), ("max", "150000", 2)] {
      try Scratch.cgroup(["cpu.max": "\(above) 100000"]) { parent in
        try Scratch.cgroup(in: parent, ["cpu.max": "\(own) 100000"]) { group in
          let plan = try plan(in: group)
          let bound = plan["bounds"].array.first { $0["what"].string?.contains("quota") == true }
          test.expect(bound?["threads"].int == threads, "\(above), \(own): \(plan["bounds"])")
          test.expect(plan["threads"].array.map(\.int) == [threads], "\(above), \(own): \(plan["threads"])")
        }
      }
    }
  },
  GuestTest("cpuset.cpus bounds the threads, and helpers run there and nowhere else") { test in
    try Scratch.cgroup(["cpuset.cpus": "1,3"]) { group in
      let plan = try plan(in: group)
      let bound = plan["bounds"].array.first { $0["what"].string == "allowed CPUs" }
      test.expect(bound?["threads"].int == 2, "\(plan["bounds"])")
      test.expect((plan["threads"][0].int ?? 9) <= 2, "\(plan["threads"])")
      try HelperSamples.expect(test, on: [1, 3], in: Surroundings(cgroup: group))
    }
  },
  GuestTest("memory.max refuses beforehand what does not fit, whichever level it is of") { test in
    for (above, own) in [("max", "64M"), ("64M", "max")] {
      try Scratch.cgroup(["memory.max": above]) { parent in
        try Scratch.cgroup(in: parent, ["memory.max": own]) { group in
          let words = ["clear", "--size", "128M", "--runs", "1", "--warmup", "0", "--json"]
          let limited = own == "max" ? parent : group
          try expectRefusal(test, words, in: group, check: "memory of cgroup \(limited)")
          try expectRefusal(test, words + ["--dry-run"], in: group, check: "memory of cgroup \(limited)")
          let fits = try Program.ktaskctl(
            ["clear", "--size", "16M", "--runs", "1", "--warmup", "0", "-q"], in: Surroundings(cgroup: group))
          test.expect(fits.status == 0, "16 MiB: status \(fits.status): \(fits.errors)")
        }
      }
    }
  },
  GuestTest("hugetlb.2MB.max and its reservations refuse beforehand, and no page is taken") { test in
    try Pools.with([0: 32, 1: 32]) {
      for limit in ["hugetlb.2MB.max", "hugetlb.2MB.rsvd.max"] {
        try Scratch.cgroup([limit: "32M"]) { group in
          try Scratch.file(in: "/dev/hugepages") { path in
            let words = ["prefault", path, "--size", "64M", "--json"]
            try expectRefusal(test, words, in: group, check: "2 MiB pages of cgroup \(group)")
            test.expect(!Files.exists(path), "\(limit): the file is there")
            test.expect(Pools.free(on: test).prefix(2) == [32, 32], "\(limit): free \(Pools.free(on: test))")
            let fits = try Program.ktaskctl(
              ["prefault", path, "--size", "32M", "-q"], in: Surroundings(cgroup: group))
            test.expect(fits.status == 0, "\(limit), 32 MiB: status \(fits.status): \(fits.errors)")
            test.expect(try Pages.nodes(of: path, pageSize: Pages.huge)[-1] == nil, "\(limit): pages are missing")
          }
        }
      }
    }
  },
  GuestTest("a hugetlb limit that comes down on the way ends with status 3, and every page is given back") { test in
    try Pools.with([0: 200, 1: 200]) {
      try Scratch.cgroup([:]) { group in
        try test.demandSeen("pages of a file that is being made") {
          try Scratch.file(in: "/dev/hugepages") { path in
            let run = try Program(
              ["ktaskctl", "prefault", path, "--size", "800M", "--min-chunk", "2M", "--json"],
              in: Surroundings(cgroup: group))
            var isLower = false
            let ended = try run.wait {
              if isLower || Pools.free(on: test).prefix(2) == [200, 200] { return }
              isLower = Files.write("\(group)/hugetlb.2MB.max", "64M")
            }
            if ended.status == 0 {
              _ = Files.write("\(group)/hugetlb.2MB.max", "max")
              return false
            }
            test.expect(isLower && ended.status == 3, "status \(ended.status): \(ended.errors)")
            test.expect(try ended.document()["undone"]["complete"].bool == true, ended.output)
            test.expect(Pools.free(on: test).prefix(2) == [200, 200], "free \(Pools.free(on: test))")
            test.expect(!Files.exists(path), "the file is there")
            return true
          }
        }
      }
    }
  },
]

/// The plan of clearing 512 MiB with small chunks.
private func plan(in group: String) throws -> JSON {
  let words = ["clear", "--size", "512M", "--min-chunk", "16M", "--threads", "auto", "--dry-run", "--json"]
  return try Program.ktaskctl(words, in: Surroundings(cgroup: group)).document()["plan"]
}

/// Expects status 3, the check among the plan's as not met, and a message that names the cgroup's limit.
private func expectRefusal(_ test: Test, _ words: [String], in group: String, check name: String) throws {
  let run = try Program.ktaskctl(words, in: Surroundings(cgroup: group))
  test.expect(run.status == 3, "status \(run.status): \(run.errors)")
  let document = try run.document()
  let check = document["plan"]["checks"].array.first { $0["what"].string == name }
  test.expect(check?["ok"].bool == false, "\(name): \(document["plan"]["checks"])")
  test.expect(document["errors"][0]["exit_status"].int == 3, "\(document["errors"])")
  test.expect(run.errors.contains("cgroup"), run.errors)
}
