/// pin --threads auto with cold memory: who maps side by side. What the report says, and no times: a guest's CPUs are the host's, and
/// that may be busy.
let kneeTests: [GuestTest] = [
  GuestTest(
    "cold memory is mapped by no more threads than there are containers, unless they are asked for", on: [.twoNodes]
  ) {
    test in
    let groups = try [Devices.group(), Devices.group(of: Devices.second)]
    for (list, containers) in [(groups[0], 1), (groups.joined(separator: ","), 2)] {
      let pin = ["--with", "vfio:\(list)", "--size", "32M", "--min-chunk", "4M"]
      let document = try mapCold(test, pin, threads: "auto")
      let bounds = document["plan"]["bounds"].array
      test.expect(
        bounds.contains { $0["what"].string == "maximum threads" && $0["threads"].int == containers }, "\(bounds)")
      test.expect(threads(document) == [containers], "\(containers) containers: \(threads(document))")
      test.expect(document["results"][0]["helpers"].array.count == containers, "\(document["results"])")
      test.expect(document["results"][0]["knee"] == .null, "a knee was looked for: \(document["results"])")
      let sweep = try mapCold(test, pin, threads: "1,2,4")
      test.expect(threads(sweep) == [1, 2, 4], "\(threads(sweep))")
      // pages that are made first are made by all
      let populated = try mapCold(test, pin, threads: "auto", method: "populate")
      test.expect(threads(populated) == [4], "\(threads(populated))")
    }
  },
  GuestTest(
    "cold memory is mapped by all threads with iommufd, and the report has the steps to the knee", on: [.iommufd]
  ) {
    test in
    let pin = ["--with", "iommufd:\(Devices.first)", "--page-size", "4K", "--min-chunk", "4M"]
    var mebibytes = 128
    try test.demandSeen("a knee") {
      let document = try mapCold(test, pin + ["--size", "\(mebibytes)M"], threads: "auto")
      test.expect(threads(document) == [4], "\(threads(document))")
      // what is over soon is not searched
      mebibytes = min(2 * mebibytes, 1024)
      return expectKnee(test, document["results"][0])
    }
  },
  GuestTest("each of two nodes has its own steps to the knee, with the threads that are its own", on: [.twoNodes]) {
    test in
    let clear = [
      "clear", "--size", "1G", "--page-size", "4K", "--nodes", "0,1", "--threads", "auto", "--min-chunk", "4M",
    ]
    try test.demandSeen("a knee") {
      let run = try Program.ktaskctl(clear + ["--runs", "1", "--warmup", "0", "--json"])
      try test.demand(run.status == 0, "status \(run.status): \(run.errors)")
      let document = try run.document()
      test.expect(document["verified"]["pages_by_node"]["1"].int == 131_072, "\(document["verified"])")
      let result = document["results"][0]
      let steps = result["steps"].array
      test.expect(steps.allSatisfy { [0, 1].contains($0["node"].int) }, "\(steps)")
      test.expect(steps.allSatisfy { 1...4 ~= $0["threads"].int ?? 0 }, "\(steps)")
      let begun = [0, 1].map { node in steps.first { $0["node"].int == node }?["threads"].int }
      return result["knee"].int != nil && begun == [2, 2]
    }
  },
]

private func mapCold(
  _ test: Test, _ words: [String], threads: String, method: String = "map-cold"
) throws -> JSON {
  let run = try Program.ktaskctl(
    ["pin", "--method", method, "--threads", threads, "--runs", "1", "--warmup", "0", "--json"] + words)
  try test.demand(run.status == 0, "status \(run.status): \(run.errors)")
  return try run.document()
}

private func threads(_ document: JSON) -> [Int] { document["results"].array.map { $0["threads"].int ?? -1 } }

/// Where a knee was found it is a count that was measured, and the steps are those of so many threads at most; whether it was.
private func expectKnee(_ test: Test, _ result: JSON) -> Bool {
  guard let knee = result["knee"].int else {
    test.expect(result["steps"].array.isEmpty, "steps to no knee: \(result)")
    return false
  }
  let steps = result["steps"].array
  let counts = steps.map { $0["threads"].int ?? -1 }
  let most = result["threads"].int ?? -1
  // no more than 64 of them are told
  let isAmongThem = counts.contains(knee) || counts.count == 64
  test.expect(isAmongThem && counts.first == most, "\(knee) of \(most), by \(counts)")
  test.expect(counts.allSatisfy { 1...max(1, most) ~= $0 }, "\(counts)")
  test.expect(steps.allSatisfy { $0["bytes_per_second"].double ?? 0 > 0 }, "\(steps)")
  return true
}
