import Glibc
import LinuxSystem
import NumactlWords
import Testing

@Suite("Nodes of this machine")
struct NamedNodesTests {
  @Test("are named in numactl's words", arguments: ["all", "0", "+0", "0-0", "0,0"])
  func named(words: String) throws {
    let allowed = try #require(NodeSet.allowed())
    #expect(allowed.contains(0), "these tests' node")
    let found = try NodeSet.named(words)
    let expected = words == "all" ? allowed : NodeSet([0])
    #expect(found == expected)
  }

  @Test("are all but some behind a !")
  func inverted() throws {
    let allowed = try #require(NodeSet.allowed())
    if allowed.numbers.count > 1 {
      #expect(try NodeSet.named("!0") == NodeSet(allowed.numbers.dropFirst()))
    } else {
      #expect(throws: NodeSetError.empty) { try NodeSet.named("!0") }
    }
  }

  @Test("that are not there are told, and nothing is printed")
  func unknown() throws {
    let printed = try standardError {
      #expect(throws: NodeSetError.unknown("node argument 1000 is out of range")) { try NodeSet.named("1000") }
      #expect(throws: NodeSetError.self) { try NodeSet.named("pci:ffff:ff:1f.7") }
      #expect(throws: NodeSetError.self) { try NodeSet.named("nonsense") }
    }
    #expect(printed == "")
  }
}

/// What `body` makes this process write to standard error.
private func standardError(_ body: () throws -> Void) throws -> String {
  var ends: [Int32] = [0, 0]
  guard unsafe pipe(&ends) == 0 else { throw Errno(errno) }
  let saved = dup(STDERR_FILENO)
  dup2(ends[1], STDERR_FILENO)
  defer { close(ends[0]) }
  do {
    defer {
      dup2(saved, STDERR_FILENO)
      close(saved)
      close(ends[1])
    }
    try body()
  }
  var bytes = [UInt8](repeating: 0, count: 4096)
  let count = unsafe read(ends[0], &bytes, bytes.count)
  return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
}
