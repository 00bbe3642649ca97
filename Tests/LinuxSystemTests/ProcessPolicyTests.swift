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
}
