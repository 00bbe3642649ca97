/// clear: of fresh memory, and of files in place.
let clearTests: [GuestTest] = [
  GuestTest("clear clears fresh memory on all threads and verifies it") { test in
    let run = try Program.ktaskctl([
      "clear", "--size", "256M", "--min-chunk", "16M", "--threads", "1,4", "--runs", "1", "--warmup", "0", "--json",
    ])
    try test.demand(run.status == 0, "status \(run.status): \(run.errors)")
    let document = try run.document()
    test.expect(document["results"].array.map { $0["threads"].int } == [1, 4], "\(document["results"])")
    test.expect(document["verified"]["zero"].bool == true, "\(document["verified"])")
  },
  GuestTest("clear zeroes a hugetlbfs file in place") { test in
    try Pools.with([0: 16, 1: 16]) {
      try Scratch.file(in: "/dev/hugepages") { path in
        try test.demand(
          Program.run(["sh", "-c", "truncate -s 64M \(path) && ktaskctl prefault \(path) -q"]).status == 0, "no file")
        try Pages.fill(path, with: 0xa5)
        let run = try Program.ktaskctl(["clear", path, "--runs", "1", "--warmup", "0", "-q"])
        test.expect(run.status == 0, "status \(run.status): \(run.errors)")
        let first = try Pages.firstByte(of: path) { $0 != 0 }
        test.expect(first == nil, "byte \(first ?? 0) is not zero")
      }
    }
  },
  GuestTest("helpers run on the CPUs that the caller is allowed, and nowhere else") { test in
    try HelperSamples.expect(test, on: [1, 3], in: Surroundings(cpus: "1,3"))
  },
]
