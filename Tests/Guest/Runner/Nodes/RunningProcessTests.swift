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
  }
]

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
