import LinuxSystem
import Testing

@Suite("The process")
struct ProcessFactsTests {
  @Test(
    "has the limits that the shell sees",
    arguments: [
      (ResourceLimit.Resource.lockedMemory, "l", 1024), (.fileSize, "f", 512), (.addressSpace, "v", 1024),
      (.data, "d", 1024),
    ])
  func limits(resource: ResourceLimit.Resource, flag: String, unit: Int) throws {
    let limit = try ResourceLimit.of(resource)
    for (value, kind) in [(limit.soft, "S"), (limit.hard, "H")] {
      let shell = try output(of: "ulimit -\(kind)\(flag)")
      #expect(shell == (value.map { "\($0 / unit)" } ?? "unlimited") + "\n")
    }
  }

  @Test("has no limit beyond its hard one", arguments: ResourceLimit.Resource.allCases)
  func order(resource: ResourceLimit.Resource) throws {
    let limit = try ResourceLimit.of(resource)
    #expect((limit.soft ?? .max) <= (limit.hard ?? .max))
  }

  @Test(
    "has the capabilities that /proc says it has, unless its user namespace makes them names",
    arguments: [
      (Capability.ipcLock, 14), (.sysAdmin, 21), (.sysNice, 23), (.sysResource, 24),
    ])
  func capabilities(capability: Capability, bit: Int) throws {
    let status = try #require(SystemFiles().text("/proc/thread-self/status"))
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("CapEff:") })
    let bits = try #require(UInt64(line.split(separator: "\t")[1], radix: 16))
    let namespace = try output(of: "readlink /proc/self/ns/user")
    #expect(try capability.isEffective == (bits >> UInt64(bit) & 1 == 1 && namespace == "user:[4026531837]\n"))
  }

  @Test("uses CPU time while the clock runs")
  func time() throws {
    let start = Clock.now()
    let before = try ResourceUsage.current()
    while Clock.now() < start + 20_000_000 {}
    let used = try ResourceUsage.current() - before
    #expect(used.userSeconds + used.systemSeconds > 0)
    #expect(used.userSeconds >= 0 && used.systemSeconds >= 0)
  }
}
