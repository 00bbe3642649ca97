import CNuma
import Glibc

/// prefault --pid: pages for another process, on the nodes that it wants them from.
let runningProcessTests: [GuestTest] = [
  GuestTest(
    "pages of a running process's pool come from the nodes that its mapping is bound to", on: [.twoNodes, .iommufd]
  ) { test in
    for node in 0...1 {
      try Pools.with([0: 40, 1: 40]) {
        try Scratch.file(in: "/dev/hugepages") { path in
          try Bound.mapping(path, 64 << 20, to: node) { addresses in
            let run = try Program.ktaskctl(
              ["prefault", "--pid", "\(getpid())", "--map", addresses, "--threads", "2", "--min-chunk", "2M"])
            try test.demand(run.status == 0, "status \(run.status): \(run.errors)")
            let nodes = try Pages.nodes(of: path, pageSize: Pages.huge)
            test.expect(nodes == [node: 32], "bound to \(node), pages \(nodes)")
          }
        }
      }
    }
  },
  GuestTest("pages of a running process come from its cpuset's nodes", on: [.twoNodes, .iommufd]) { test in
    try Pools.with([0: 70, 1: 70]) {
      try Scratch.cgroup(["cpuset.mems": "1"]) { group in
        for (directory, pageSize) in [("/dev/hugepages", Pages.huge), ("/dev/shm", Pages.base)] {
          try Confined.process(in: group, having: 128 << 20, of: directory) { words, path in
            let run = try Program.ktaskctl(words + ["--threads", "2", "--min-chunk", "2M"])
            try test.demand(run.status == 0, "\(directory): status \(run.status): \(run.errors)")
            let nodes = try Pages.nodes(of: path, pageSize: pageSize)
            test.expect(nodes == [1: (128 << 20) / pageSize], "\(directory): \(nodes)")
          }
        }
      }
    }
  },
  GuestTest(
    "a running process whose pages come from nodes that we may not use is refused with status 8, untouched",
    on: [.twoNodes, .iommufd]
  ) { test in
    func expectRefusal(_ words: [String], _ path: String, in ours: Surroundings) throws {
      for words in [words, words + ["--dry-run"]] {
        let run = try Program.ktaskctl(words + ["--json"], in: ours)
        test.expect(run.status == 8, "\(path): status \(run.status): \(run.errors)")
        test.expect(run.errors.contains("come from node 1; this process may have memory of node 0"), run.errors)
      }
      test.expect(Files.blocks(path) == 0, "\(path): \(Files.blocks(path)) blocks")
    }
    try Pools.with([0: 40, 1: 40]) {
      try Scratch.cgroup(["cpuset.mems": "0"]) { group in
        let ours = Surroundings(cgroup: group)
        try Scratch.cgroup(["cpuset.mems": "1"]) { theirs in
          for directory in ["/dev/hugepages", "/dev/shm"] {
            try Confined.process(in: theirs, having: 64 << 20, of: directory) { try expectRefusal($0, $1, in: ours) }
          }
        }
        for directory in ["/dev/hugepages", "/dev/shm"] {
          try Scratch.file(in: directory) { path in
            try Bound.mapping(path, 64 << 20, to: 1) { addresses in
              try expectRefusal(["prefault", "--pid", "\(getpid())", "--map", addresses], path, in: ours)
            }
          }
        }
      }
    }
  },
]

private enum Confined {
  /// Runs `body` while a process of a control group has a file open that has none of its pages, with ktaskctl's words for it.
  static func process(
    in group: String, having bytes: Int, of directory: String, _ body: ([String], String) throws -> Void
  ) throws {
    try Scratch.file(in: directory) { path in
      let process = try Program(
        ["sh", "-c", "exec 9<>\(path); echo open; cat"], in: Surroundings(cgroup: group))
      while process.outputSoFar.isEmpty && !process.hasEnded { usleep(2000) }
      if unsafe truncate(path, bytes) != 0 { throw TestEnd.errno("truncate \(path)") }
      try body(["prefault", "--pid", "\(process.process)", "--fd", "9"], path)
      process.closeInput()
      let ended = try process.wait()
      if ended.status != 0 { throw TestEnd.failed("\(path): status \(ended.status): \(ended.errors)") }
    }
  }
}

private enum Bound {
  /// Runs `body` while this process has a new file mapped that is bound to a node, and none of its pages.
  static func mapping(
    _ path: String, _ length: Int, to node: Int, _ body: (String) throws -> Void
  ) throws {
    let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if file == -1 { throw TestEnd.errno(path) }
    defer { close(file) }
    if ftruncate(file, length) != 0 { throw TestEnd.errno("ftruncate \(path)") }
    guard let start = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), unsafe start != MAP_FAILED
    else { throw TestEnd.errno("mmap \(path)") }
    defer { unsafe munmap(start, length) }
    var nodes = UInt(1) << UInt(node)
    // MPOL_BIND
    if unsafe mbind(start, UInt(length), 2, &nodes, 64, 0) != 0 { throw TestEnd.errno("mbind") }
    let address = UInt(bitPattern: start)
    try body(String(address, radix: 16) + "-" + String(address + UInt(length), radix: 16))
  }
}
