import Glibc

/// What `make faults` and `make soak` do by the thousand on a machine that has one node: a few times on two, in a control group and
/// with a device. A call fails, or the end comes, when so many calls have been made: the order is the same each time.
let faultTests: [GuestTest] = [
  GuestTest("whatever call fails, a device keeps no page of a pin", on: [.twoNodes]) { test in
    let group = try Devices.group()
    let words = ["pin", "--size", "16M", "--page-size", "2M", "--nodes", "1", "--with", "vfio:\(group)"]
    try Pools.with([1: 8]) { try injectFailures(test, words + threads) { _ in } }
  },
  GuestTest(
    "whatever call a run dies at, the next one has all of it, and the group's pages are all there", on: [.twoNodes]
  ) {
    test in
    try Pools.with([0: 8, 1: 8]) {
      try Scratch.cgroup(["hugetlb.2MB.max": "32M"]) { group in
        try Scratch.file(in: "/dev/hugepages") { one in
          try Scratch.file(in: "/dev/hugepages") { two in
            try kill(test, in: group, prefault(one, two)) {
              test.expect(try isMade(one, two), "pages are missing")
              for path in [one, two] { unsafe unlink(path) }
              test.expect(Files.number("\(group)/hugetlb.2MB.current") == 0, "the group has pages")
            }
          }
        }
      }
    }
  },
  GuestTest("whatever call fails, work on two nodes is done or undone, and the status says which", on: [.twoNodes]) {
    test in
    try Pools.with([0: 8, 1: 8]) {
      try Scratch.file(in: "/dev/hugepages") { one in
        try Scratch.file(in: "/dev/hugepages") { two in
          try injectFailures(test, prefault(one, two)) { isDone in
            test.expect(try isMade(one, two) == isDone, isDone ? "pages are missing" : "a file is there")
            for path in [one, two] { unsafe unlink(path) }
          }
        }
      }
    }
  },
]

private let threads = ["--threads", "2", "--min-chunk", "2M", "--json"]

/// 16 MiB on each node.
private func prefault(_ one: String, _ two: String) -> [String] {
  ["prefault", "--region", "path=\(one),size=16M,nodes=0", "--region", "path=\(two),size=16M,nodes=1"] + threads
}

/// Whether both have all their pages, each on its node; false where neither is there, and neither keeps a page of the pools.
private func isMade(_ one: String, _ two: String) throws -> Bool {
  if !Files.exists(one) && !Files.exists(two) && Pools.free(0) == 8 && Pools.free(1) == 8 { return false }
  let lie = try [one, two].map { try Pages.nodes(of: $0, pageSize: Pages.huge) }
  if lie != [[0: 8], [1: 8]] {
    throw TestEnd.failed("the files have \(lie), the pools \(Pools.free(0)), \(Pools.free(1))")
  }
  return true
}

/// What is told of calls that can fail here and hardly anywhere else, and of some others.
private let errors = [
  ("mbind", ["ENOMEM", "EPERM", "EIO"]), ("get_mempolicy", ["EPERM", "EINVAL"]),
  ("set_mempolicy", ["EPERM", "ENOMEM"]),
  ("move_pages", ["EPERM", "ENOMEM"]), ("sched_setaffinity", ["EPERM", "EINVAL"]),
  ("madvise", ["ENOMEM", "EFAULT", "EHWPOISON"]),
  ("mmap", ["ENOMEM"]), ("ioctl", ["ENOMEM", "EFAULT", "EPERM"]), ("openat", ["EMFILE", "EACCES"]),
  ("ftruncate", ["ENOSPC"]),
  ("fstatfs", ["EIO"]), ("read", ["EIO"]), ("clone3", ["EAGAIN"]), ("setpriority", ["EACCES"]),
]

/// How often: each is a program that starts twice under emulation.
private var rounds: Int { max(4, Int(12 / Speed.slowness)) }

private func injectFailures(_ test: Test, _ words: [String], _ look: (Bool) throws -> Void) throws {
  let plain = try Injected(["count"], words)
  try test.need(plain.end != "exit 125", "this kernel lets nobody trace calls")
  try test.demand(plain.end == "exit 0", "without a failure: \(plain.end) \(plain.run.errors)")
  try look(true)
  let met = errors.filter { plain.counts[$0.0] != nil }
  for round in 0..<rounds {
    let (call, results) = met[round % met.count]
    let result = results[round / met.count % results.count]
    let fault = ["fail", call, result, "\(1 + round * 7 % plain.counts[call]!)"]
    let injected = try Injected(fault, words)
    let name = "\(fault.joined(separator: " ")): \(injected.end) \(injected.run.errors)"
    let statuses = ["exit 0", "exit 1", "exit 3", "exit 4", "exit 5", "exit 7", "exit 8", "exit 64"]
    test.expect(statuses.contains(injected.end), name)
    let isDone = injected.end == "exit 0"
    test.expect(isDone || injected.run.errors.contains("ktaskctl: "), "\(name): not a word")
    let told = try injected.run.document()["errors"][0]["exit_status"].int
    test.expect(told.map { "exit \($0)" } ?? "exit 0" == injected.end, "\(name): the document says \(told ?? 0)")
    do { try look(isDone) } catch { throw TestEnd.failed("\(name): \(error)") }
  }
}

private func kill(_ test: Test, in group: String, _ words: [String], _ look: () throws -> Void) throws {
  let surroundings = Surroundings(cgroup: group)
  let plain = try Injected(["count"], words, in: surroundings)
  try test.need(plain.end != "exit 125", "this kernel lets nobody trace calls")
  try look()
  let calls = plain.counts.values.reduce(0, +)
  for round in 0..<rounds {
    let killed = try Injected(["signal", "KILL", "\(1 + calls * round / rounds)"], words, in: surroundings)
    test.expect(["signal 9", "exit 0"].contains(killed.end), "round \(round): \(killed.end)")
    let next = try Program.ktaskctl(words, in: surroundings)
    test.expect(next.status == 0, "round \(round): status \(next.status): \(next.errors)")
    try look()
  }
}

/// ktaskctl under ktask-inject (Tests/Injector).
private struct Injected {
  let run: Program.Ended
  /// `exit 3`, `signal 9`, or `hung`.
  private(set) var end = "exit 125"
  private(set) var counts: [String: Int] = [:]

  init(_ injector: [String], _ words: [String], in surroundings: Surroundings = Surroundings()) throws(TestEnd) {
    let report = "/tmp/injected"
    unsafe unlink(report)
    run = try Program.run(["ktask-inject", report] + injector + ["--", "ktaskctl"] + words, in: surroundings)
    for line in (Files.read(report) ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.first == "call", words.count == 3 { counts[String(words[1])] = Int(words[2]) }
      if words.first == "end" { end = words.dropFirst().joined(separator: " ") }
    }
  }
}
