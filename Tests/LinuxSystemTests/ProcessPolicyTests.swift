import Foundation
import TestSupport
import Testing

@testable import LinuxSystem

@Suite("Where a process's pages come from")
struct ProcessPolicyTests {
  @Test(
    "is what the kernel writes of a mapping",
    arguments: [
      ("default file=/dev/shm/a dirty=2", nil), ("local", nil), ("later:0 file=/x", nil), ("bind", nil), ("bind:", nil),
      ("bind:1 file=/dev/hugepages/a huge", .init(.bind, NodeSet([1]))),
      ("bind:0-1,3", .init(.bind, NodeSet([0, 1, 3]))),
      ("bind=static:1 anon=1 N1=1", .init(.bind, NodeSet([1]))),
      ("bind=relative|balancing:0 huge", .init(.bind, NodeSet([0]))),
      ("prefer:1", .init(.preferred, NodeSet([1]))), ("prefer (many):0,2 huge", .init(.preferred, NodeSet([0, 2]))),
      ("interleave:0-1 file=/a", .init(.interleave, NodeSet([0, 1]))),
      ("weighted interleave:0-1", .init(.interleave, NodeSet([0, 1]))),
    ] as [(String, ProcessPolicies.Policy?)])
  func words(_ line: String, _ policy: ProcessPolicies.Policy?) {
    let policies = ProcessPolicies(numaMaps: "7f0000000000 \(line)\n7f0000200000 default\n")
    #expect(policies.at(0x7f00_0000_0000) == policy)
    #expect(policies.at(0x7f00_0020_0000) == nil)
  }

  @Test("is its threads' for what it has not mapped, and its cpuset's where that is no policy")
  func standard() {
    let bound = ProcessPolicies(numaMaps: "5000 interleave:0-1 heap\n7000 prefer:1 stack anon=3 N0=3\n")
    #expect(bound.at(nil) == .init(.preferred, NodeSet([1])))
    #expect(ProcessPolicies(numaMaps: "7000 default stack\n").at(nil) == nil)
    let confined = ProcessPolicies(numaMaps: "5000 bind:0 huge\n7000 default stack\n", cpuset: NodeSet([1]))
    #expect(confined.at(0x5000) == .init(.bind, NodeSet([0])))
    #expect(confined.at(0x7000) == .init(.bind, NodeSet([1])))
    #expect(confined.at(nil) == .init(.bind, NodeSet([1])))
    #expect(ProcessPolicies(numaMaps: "", cpuset: NodeSet([1])).at(nil) == .init(.bind, NodeSet([1])))
    #expect(ProcessPolicies(numaMaps: "no numbers\n").at(nil) == nil)
  }

  @Test("is none of a kernel that does not tell, and not known where it may not be read", arguments: [false, true])
  func unread(isRefused: Bool) throws {
    let root = try TemporaryFolder("policies")
    let process = try RunningProcess(Int(getpid()))
    let folder = root.path + process.folder
    try FileManager.default.createDirectory(atPath: root.path + "/proc/self", withIntermediateDirectories: true)
    // what is a directory is there, and cannot be read
    try FileManager.default.createDirectory(
      atPath: isRefused ? folder + "/numa_maps" : folder, withIntermediateDirectories: true)
    do {
      let policies = try ProcessPolicies(of: process, SystemFiles(root: root.path + "/"))
      #expect(!isRefused && policies.at(nil) == nil)
    } catch {
      #expect(isRefused && error.description.contains("numa_maps"), "\(error)")
    }
  }

  @Test(
    "is its cpuset's where we may use other nodes, all of it, though we may use none of those",
    arguments: [
      ("0", "0-1", nil), ("0-1", "0-1", nil), ("0", "0", nil), ("0-1", "1", NodeSet([1])), ("0", "1", NodeSet([1])),
      ("0-1", "1-2", NodeSet([1, 2])),
    ] as [(String, String, NodeSet?)])
  func confined(ours: String, theirs: String, nodes: NodeSet?) throws {
    let process = try RunningProcess(Int(getpid()))
    let root = try tree(of: process, ours: ours, theirs: theirs)
    let isOneNode = ours == theirs && ours.count == 1
    // of one node nothing is asked that may be refused
    let maps = root.path + process.folder + "/numa_maps"
    if isOneNode {
      try FileManager.default.createDirectory(atPath: maps, withIntermediateDirectories: true)
    } else {
      try "5000 prefer:1 huge\n7000 default stack\n".write(toFile: maps, atomically: false, encoding: .utf8)
    }
    let policies = try ProcessPolicies(of: process, SystemFiles(root: root.path + "/"))
    #expect(policies.at(nil) == nodes.map { .init(.bind, $0) })
    #expect(policies.at(0x5000) == (isOneNode ? nil : .init(.preferred, NodeSet([1]))))
  }

  @Test("is known of as many mappings as there may be, whatever their names")
  func many() throws {
    let process = try RunningProcess(Int(getpid()))
    let root = try tree(of: process, ours: "0-1", theirs: "0-1")
    let count = 2 * SystemFiles.limit / 4000
    let name = String(repeating: "n", count: 4000)
    let maps = (0..<count).map { "\(String($0 << 12, radix: 16)) interleave:0-1 file=/\(name) N0=1\n" }.joined()
    try (maps + "7ff000000000 bind:1 stack").write(
      toFile: root.path + process.folder + "/numa_maps", atomically: false, encoding: .utf8)
    let policies = try ProcessPolicies(of: process, SystemFiles(root: root.path + "/"))
    for number in [0, 1, count / 2, count - 1] {
      #expect(policies.at(UInt64(number << 12)) == .init(.interleave, NodeSet([0, 1])))
    }
    #expect(policies.at(UInt64(count << 12)) == nil)
    #expect(policies.at(nil) == .init(.bind, NodeSet([1])))
  }

  @Test("is not known where its cpuset is not")
  func unclear() throws {
    let process = try RunningProcess(Int(getpid()))
    let root = try tree(of: process, ours: "0", theirs: "none")
    let failure = #expect(throws: Unreadable.self) {
      try ProcessPolicies(of: process, SystemFiles(root: root.path + "/"))
    }
    #expect(failure?.description.contains("/status") == true)
  }

  private func tree(of process: borrowing RunningProcess, ours: String, theirs: String) throws -> TemporaryFolder {
    let root = try TemporaryFolder("policies")
    for (folder, nodes) in [("/proc/self", ours), (process.folder, theirs)] {
      try FileManager.default.createDirectory(atPath: root.path + folder, withIntermediateDirectories: true)
      try "Name:\ta\nMems_allowed:\t1\nMems_allowed_list:\t\(nodes)\n".write(
        toFile: root.path + folder + "/status", atomically: false, encoding: .utf8)
    }
    return root
  }

  @Test(
    "can be followed where some of its nodes are ours, and all of those that take turns",
    arguments: [
      (.bind, [0, 1], true), (.bind, [1], false), (.preferred, [0, 1], true), (.preferred, [1], false),
      (.interleave, [0, 1], false), (.interleave, [0], true),
    ] as [(MemoryPolicy, [Int], Bool)])
  func followed(policy: MemoryPolicy, nodes: [Int], isPossible: Bool) {
    #expect(ProcessPolicies.Policy(policy, NodeSet(nodes)).canBeFollowed(within: NodeSet([0])) == isPossible)
  }
}
