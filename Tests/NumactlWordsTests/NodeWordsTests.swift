import LinuxSystem
import TestSupport
import Testing

@testable import NumactlWords

@Suite("numactl's words on a made-up machine")
struct NodeWordsTests {
  /// Of whose nodes a process may use 1, 3 and 4; eth0 is near 3, eth1 near 2.
  private static let words = NodeWords(allowed: NodeSet([1, 3, 4])) { word throws(NodeSetError) in
    switch word {
    case "netdev:eth0": return NodeSet([3])
    case "netdev:eth1": return NodeSet([2])
    default: throw .unknown(nil)
    }
  }

  @Test(
    "mean the nodes that the process may use",
    arguments: [
      ("1", [1]), ("1,3", [1, 3]), ("3,1,3", [1, 3]), ("1-4", [1, 3, 4]), ("3-4", [3, 4]), ("all", [1, 3, 4]),
      ("1,all", [1, 3, 4]), ("+0", [1]), ("+1-2", [3, 4]), ("+0,2", [1, 4]), ("+all", [1, 3, 4]), ("!1", [3, 4]),
      ("!+0", [3, 4]), ("!3-4", [1]), ("netdev:eth0", [3]), ("1,netdev:eth0", [1, 3]), ("!netdev:eth0", [1, 4]),
      ("+0,netdev:eth0", [1, 3]),
    ])
  func mean(words: String, nodes: [Int]) throws {
    #expect(try Self.words.nodes(words) == NodeSet(nodes))
  }

  @Test(
    "name none, and say why",
    arguments: [
      ("2", .unknown("node argument 2 is out of range")), ("1-2", .unknown("node argument 2 is out of range")),
      ("0-4", .unknown("node argument 0 is out of range")), ("+3", .unknown("node argument 3 is out of range")),
      ("netdev:eth1", .unknown("node argument 2 is out of range")), ("netdev:eth2", .unknown(nil)), ("!all", .empty),
      ("", .unknown("unparseable node description `'")), ("1,", .unknown("unparseable node description `'")),
      ("-1", .unknown("unparseable node description `-1'")), ("1-", .unknown("unparseable node description `1-'")),
      ("+-1", .unknown("unparseable node description `-1'")),
      ("4-1", .unknown("node description `4-1' runs backwards")),
      ("99999999999999999999", .unknown("unparseable node description `99999999999999999999'")),
    ] as [(String, NodeSetError)])
  func nameNone(words: String, error: NodeSetError) {
    #expect(throws: error) { try Self.words.nodes(words) }
  }

  @Test("of any length and size name nodes or none", arguments: 0..<40)
  func anyWords(seed: Int) {
    var random = SplitMix64(seed: seed)
    let parts = [
      "0", "1", "0-1", "9223372036854775807", "9223372036854775808", "-1", "", "all", "!", "+", "\u{301}", "-",
    ]
    let words = NodeWords(allowed: NodeSet([0, 1])) { (_) throws(NodeSetError) in NodeSet([0]) }
    let list = (0..<Int.random(in: 1...60, using: &random)).map { _ in random.one(of: parts) }
    _ = try? words.nodes(random.one(of: ["", "!", "+", "!+"]) + list.joined(separator: ","))
  }
}
