import Glibc

private let mib = 1 << 20

/// prefault: files whose pages are all there, counted by the kernel.
let prefaultTests: [GuestTest] = [
  GuestTest("prefault gives a hugetlbfs file all its pages, and takes them from the pools") { test in
    try Pools.with([0: 64, 1: 64]) {
      try Scratch.file(in: "/dev/hugepages") { path in
        let run = try Program.ktaskctl(["prefault", path, "--size", "160M", "--json"])
        try test.demand(run.status == 0, "status \(run.status): \(run.errors)")
        let nodes = try Pages.nodes(of: path, pageSize: Pages.huge)
        test.expect(nodes.values.reduce(0, +) == 80 && nodes[-1] == nil, "pages \(nodes)")
        let taken = Pools.free(on: test).prefix(2).map { 64 - $0 }
        test.expect(taken == [nodes[0] ?? 0, nodes[1] ?? 0], "\(taken) were taken, the file has \(nodes)")
        let told = try run.document()["files"][0]["pages_by_node"].members.compactMapValues(\.int)
        test.expect(told == Dictionary(uniqueKeysWithValues: nodes.map { ("\($0)", $1) }), "it tells \(told)")
      }
      test.expect(Pools.free(on: test).prefix(2) == [64, 64], "left over: \(Pools.free(on: test))")
    }
  },
  GuestTest("prefault gives a tmpfs file all its pages") { test in
    try Scratch.file(in: "/dev/shm") { path in
      let run = try Program.ktaskctl(["prefault", path, "--size", "96M", "--json"])
      try test.demand(run.status == 0, "status \(run.status): \(run.errors)")
      let nodes = try Pages.nodes(of: path, pageSize: Pages.base)
      test.expect(nodes.values.reduce(0, +) == 96 * mib / Pages.base && nodes[-1] == nil, "pages \(nodes)")
    }
  },
  GuestTest("prefault gives a file of 1 GiB pages its page", on: [.twoNodes, .iommufd]) { test in
    let free = Pools.free(on: test, Pages.gigantic)
    try test.demand(free.reduce(0, +) > 0, "no free 1 GiB page: \(free)")
    try Scratch.file(in: "/dev/hugepages1G") { path in
      let run = try Program.ktaskctl(["prefault", path, "--size", "1G", "--json"])
      try test.demand(run.status == 0, "status \(run.status): \(run.errors)")
      let nodes = try Pages.nodes(of: path, pageSize: Pages.gigantic)
      test.expect(nodes.values.reduce(0, +) == 1 && nodes[-1] == nil, "pages \(nodes)")
    }
    test.expect(Pools.free(on: test, Pages.gigantic) == free, "left over: \(Pools.free(on: test, Pages.gigantic))")
  },
  GuestTest("more than both pools have is refused with status 3, and no page is taken") { test in
    try Pools.with([0: 16, 1: 16]) {
      try Scratch.file(in: "/dev/hugepages") { path in
        let run = try Program.ktaskctl(["prefault", path, "--size", "66M"])
        test.expect(run.status == 3, "status \(run.status): \(run.errors)")
        test.expect(run.errors.contains("33 free 2 MiB pages, 32 are free"), run.errors)
        test.expect(!Files.exists(path), "the file is there")
        test.expect(Pools.free(on: test).prefix(2) == [16, 16], "free: \(Pools.free(on: test))")
      }
    }
  },
  GuestTest("a prefault that is stopped by a signal gives every node its pages back") { test in
    try Pools.with([0: 200, 1: 200]) {
      try test.demandSeen("pages of a file that is being made") {
        try Scratch.file(in: "/dev/hugepages") { path in
          let run = try Program(["ktaskctl", "prefault", path, "--size", "800M", "--threads", "2", "--min-chunk", "2M"])
          let ended = try run.end { Pools.free(on: test).prefix(2) != [200, 200] }
          if ended.status == 0 { return false }
          test.expect(ended.status == 143, "status \(ended.status): \(ended.errors)")
          test.expect(Pools.free(on: test).prefix(2) == [200, 200], "free: \(Pools.free(on: test))")
          test.expect(!Files.exists(path), "the file is there")
          return true
        }
      }
    }
  },
]
