import TestSupport
import Testing

@testable import LinuxSystem

/// A number that ends the program in one of these ends the tests: the seed is in what they said last.
@Suite("Files of a kernel that says anything")
struct ExtremeFilesTests {
  @Test("are read or not understood, and no number of theirs ends the program", arguments: 0..<80)
  func any(seed: Int) throws {
    let machine = try ExtremeMachine(seed: seed)
    let files = machine.files
    askMemory(files)
    askNodes(files)
    askGroups(files)
    askRanges(files)
  }

  private func askMemory(_ files: SystemFiles) {
    if let memory = try? MemoryInfo.current(files) { #expect(memory.totalBytes >= 0 && memory.availableBytes >= 0) }
    if let status = try? ProcessStatus.current(files) { #expect(status.lockedBytes >= 0 && status.dataBytes >= 0) }
    for pool in (try? HugePagePool.all(files)) ?? [] {
      #expect(MemoryInfo.isPageSize(pool.pageSize))
      _ = (pool.bytes(pool.free), pool.bytes(pool.overcommitLimit), pool.persistent)
      for node in pool.nodes { _ = pool.persistent(on: node.number) }
    }
    if let settings = try? TransparentHugePages.current(files) { #expect(MemoryInfo.isPageSize(settings.pageSize)) }
    #expect(MemoryInfo.isPageSize(TransparentHugePages.unit(files)))
    _ = try? TransparentHugePages.isOn(device: .max, files)
    _ = BufferRing.restriction(files, isAdministrator: false, groups: [])
  }

  private func askNodes(_ files: SystemFiles) {
    let topology = Topology.current(files)
    for node in topology.nodes {
      #expect(node.number < CPUSet.limit && node.memoryBytes ?? 0 >= 0)
      _ = topology.distance(from: node.number, to: .max)
      _ = topology.distance(from: topology.nodes[0].number, to: node.number)
    }
    _ = (topology.physicalCores(in: topology.onlineCPUs), NodeSet(topology.nodes.map(\.number)).description)
    for node in (try? NodeMemory.all(files)) ?? [] { #expect(node.totalBytes > 0 && node.availableBytes >= 0) }
    _ = (try? PowerPolicy.current(files))?.energyConscious?.reason
    for number in (try? IOMMUGroup.numbers(files)) ?? [] { _ = try? IOMMUGroup.of(number, files) }
  }

  private func askGroups(_ files: SystemFiles) {
    let group = ControlGroup.current(files)
    if let quota = try? group.cpuQuota { #expect(quota > 0 && quota.isFinite) }
    _ = try? group.cpuset
    if let left = try? group.memoryHeadroom { #expect(left.bytes >= 0) }
    if let left = try? group.hugetlbHeadroom(pageSize: 2 << 20) { #expect(left.bytes >= 0) }
  }

  private func askRanges(_ files: SystemFiles) {
    for facts in MappingFacts.of([0x1000..<0x2000, 0x7fff_0000_0000..<UInt.max], files) {
      #expect(facts.residentBytes ?? 0 >= 0 && facts.transparentHugeBytes ?? 0 >= 0)
      #expect((facts.bytesByNode ?? [:]).values.allSatisfy { $0 >= 0 })
    }
  }

  @Test("Lists of CPUs of any length and size are CPUs or none", arguments: 0..<40)
  func lists(seed: Int) {
    var random = SplitMix64(seed: seed)
    let parts = [
      "0", "1", "0-1", "9223372036854775807", "9223372036854775808", "-1", "", "all", "!", "+", "\u{301}", "-",
    ]
    let list = (0..<Int.random(in: 1...60, using: &random)).map { _ in random.one(of: parts) }
    _ = CPUSet(list: list.joined(separator: ","))
  }
}
