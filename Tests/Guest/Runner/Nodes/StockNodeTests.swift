import Glibc

/// What a stock does with a file that came back, by the node that it lies on.
let stockNodeTests: [GuestTest] = [
  GuestTest("a file that came back to a stock is kept for a kind on its node, and goes where there is none") { test in
    let stock = NodeStock(test, "/dev/shm/guest-stock")
    defer { stock.remove() }
    try stock.make()
    try stock.has(1, on: 0)
    try stock.comesBack(from: 1)
    try stock.has(2, on: 0)
    stock.expect(["ready-8M-n0": 2], "nobody wants it")
    try stock.has(1, on: 1)
    try stock.comesBack(from: 1)
    try stock.has(2, on: 0)
    try stock.has(3, on: 0)
    stock.expect(["ready-8M-n0": 3, "ready-8M-n1": 1, "returned-8M-any": 1], "it is left to the others")
    try stock.has(2, on: 1)
    stock.expect(["ready-8M-n0": 3, "ready-8M-n1": 2], "who take it")
    try stock.comesBack(from: 0)
    try stock.has(2, on: 1)
    stock.expect(["ready-8M-n0": 3, "ready-8M-n1": 2, "returned-8M-any": 1], "it is none of theirs")
    try stock.has(3, on: 0)
    stock.expect(["ready-8M-n0": 3, "ready-8M-n1": 2], "there are enough of its kind")
  }
]

/// A stock of files of 8 MiB on a tmpfs.
private struct NodeStock {
  let test: Test
  let path: String
  private var outside: String { path + "-file" }

  init(_ test: Test, _ path: String) { (self.test, self.path) = (test, path) }

  func make() throws { if unsafe mkdir(path, 0o700) != 0 { throw TestEnd.errno("mkdir \(path)") } }

  func remove() {
    for name in names { unsafe unlink(path + "/" + name) }
    unsafe unlink(outside)
    unsafe rmdir(path)
  }

  func has(_ count: Int, on node: Int) throws {
    _ = try document(test, ["stock", path, "--size", "8M", "--count", "\(count)", "--nodes", "\(node)"])
  }

  /// A file that was somebody's, on that node.
  func comesBack(from node: Int) throws {
    _ = try document(test, ["prefault", outside, "--size", "8M", "--nodes", "\(node)"])
    try Pages.fill(outside, with: 0xa5)
    _ = try document(test, ["release", outside, "--to", path])
  }

  /// How many files have names that begin so.
  func expect(_ counts: [String: Int], _ why: String) {
    let found = Dictionary(grouping: names) { String($0.dropLast(17)) }.mapValues(\.count)
    test.expect(found == counts, "\(why): \(names)")
  }

  private var names: [String] { Files.list(path) }
}
