import LinuxSystem
import Testing

@Suite("Files of the kernel")
struct SystemFilesTests {
  @Test("are read without the white space at their end")
  func text() throws {
    let tree = try FileTree.of(["/a/b": "one\ntwo \n\n", "/a/c": "", "/a/n": "-12\n", "/a/m": "12 kB\n"])
    #expect(try tree.files.read("/a/b") == "one\ntwo")
    #expect(try tree.files.read("/a/c")?.isEmpty == true)
    #expect(try tree.files.readNumber("/a/n") == -12)
    #expect(throws: Unreadable("/a/m", .isUnclear)) { try tree.files.readNumber("/a/m") }
    #expect(try tree.files.names(in: "/a") == ["b", "c", "m", "n"])
    #expect(tree.files.exists("/a") && tree.files.exists("/a/c"))
  }

  @Test("that are not there say nothing")
  func absent() throws {
    let tree = try FileTree.of(["/a/b": ""])
    #expect(try tree.files.read("/x") == nil)
    #expect(try tree.files.readNumber("/a/b/c") == nil)
    #expect(try tree.files.names(in: "/a/b") == nil)
    #expect(!tree.files.exists("/x"))
    #expect(throws: Unreadable("/x", .noEntry)) { try tree.files.demand("/x") }
  }

  @Test("that are there and cannot be read are not taken for absent ones")
  func unreadable() throws {
    let tree = try FileTree.of(["/a/b": ""])
    #expect(throws: Unreadable("/a", .isDirectory)) { try tree.files.read("/a") }
    #expect(throws: Unreadable("/a/b", .isUnclear)) { try tree.files.readNumber("/a/b") }
  }

  @Test("say nothing of the kernel where their file system is not mounted")
  func unmounted() throws {
    var tree = try FileTree.of()
    for path in ["/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "/proc/self/cgroup"] {
      #expect(throws: Unreadable(path, .noEntry)) { try tree.files.read(path) }
    }
    try tree.write("/sys/kernel/notes", "")
    try tree.write("/proc/self/stat", "")
    #expect(try tree.files.read("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages") == nil)
    #expect(try tree.files.read("/proc/self/cgroup") == nil)
  }

  @Test("are read beyond the size of one read")
  func long() throws {
    let text = String(repeating: "0123456789", count: 10_000)
    let tree = try FileTree.of(["/long": text])
    #expect(try tree.files.read("/long") == text)
  }
}

@Suite("Huge pages")
struct HugePageTests {
  @Test("are counted for each size and each node")
  func pools() throws {
    let pool = "/sys/kernel/mm/hugepages/hugepages-2048kB"
    let gigantic = "/sys/kernel/mm/hugepages/hugepages-1048576kB"
    let node = "/sys/devices/system/node/node"
    let tree = try FileTree.of([
      pool + "/nr_hugepages": "10\n", pool + "/free_hugepages": "6\n", pool + "/resv_hugepages": "2\n",
      pool + "/surplus_hugepages": "1\n", pool + "/nr_overcommit_hugepages": "4\n",
      gigantic + "/nr_hugepages": "0\n", gigantic + "/free_hugepages": "0\n", gigantic + "/resv_hugepages": "0\n",
      gigantic + "/surplus_hugepages": "0\n", gigantic + "/nr_overcommit_hugepages": "0\n",
      node + "0/hugepages/hugepages-2048kB/nr_hugepages": "7\n",
      node + "0/hugepages/hugepages-2048kB/free_hugepages": "3\n",
      node + "0/hugepages/hugepages-2048kB/surplus_hugepages": "0\n",
      node + "10/hugepages/hugepages-2048kB/nr_hugepages": "1\n",
      node + "10/hugepages/hugepages-2048kB/free_hugepages": "1\n",
      node + "10/hugepages/hugepages-2048kB/surplus_hugepages": "0\n",
      node + "2/hugepages/hugepages-2048kB/nr_hugepages": "2\n",
      node + "2/hugepages/hugepages-2048kB/free_hugepages": "2\n",
      node + "2/hugepages/hugepages-2048kB/surplus_hugepages": "0\n",
    ])
    let small = HugePagePool(
      pageSize: 2 << 20, total: 10, free: 6, reserved: 2, surplus: 1, overcommitLimit: 4,
      nodes: [
        .init(number: 0, total: 7, free: 3), .init(number: 2, total: 2, free: 2),
        .init(number: 10, total: 1, free: 1),
      ])
    let all = try HugePagePool.all(tree.files)
    #expect(all.map(\.pageSize) == [2 << 20, 1 << 30])
    #expect(all.first == small)
    #expect(small.available == 7)
    #expect(try HugePagePool.of(pageSize: 4 << 20, tree.files) == nil)
  }

  @Test(
    "of which one counter does not tell are not known at all",
    arguments: ["nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages", "nr_overcommit_hugepages"])
  func oneCounter(name: String) throws {
    let pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/"
    let names = ["nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages", "nr_overcommit_hugepages"]
    var tree = try FileTree.of()
    for other in names where other != name { try tree.write(pool + other, "0\n") }
    #expect(throws: Unreadable(pool + name, .noEntry)) { try HugePagePool.of(pageSize: 2 << 20, tree.files) }
    try tree.write(pool + name, "none\n")
    #expect(throws: Unreadable(pool + name, .isUnclear)) { try HugePagePool.all(tree.files) }
  }

  @Test(
    "can be had if free, not promised, or allowed for beyond the pool",
    arguments: [
      (6, 2, 0, 0, 4), (6, 2, 1, 4, 7), (2, 6, 0, 0, 0), (6, 2, 4, 1, 4), (0, 0, 0, 3, 3),
    ])
  func available(free: Int, reserved: Int, surplus: Int, overcommit: Int, available: Int) {
    let pool = HugePagePool(
      pageSize: 2 << 20, total: 10, free: free, reserved: reserved, surplus: surplus,
      overcommitLimit: overcommit, nodes: [])
    #expect(pool.available == available)
  }

  @Test("are made unasked as the setting for their size says, or the one for all")
  func transparent() throws {
    let directory = "/sys/kernel/mm/transparent_hugepage"
    var tree = try FileTree.of([
      directory + "/hpage_pmd_size": "2097152\n", directory + "/enabled": "always [madvise] never\n",
      directory + "/shmem_enabled": "always within_size [advise] never deny force\n",
    ])
    let general = TransparentHugePages(enabled: .madvise, shared: .advise, pageSize: 2 << 20)
    #expect(try TransparentHugePages.current(tree.files) == general)
    try tree.write(directory + "/hugepages-2048kB/enabled", "always [inherit] madvise never\n")
    try tree.write(
      directory + "/hugepages-2048kB/shmem_enabled", "always inherit [within_size] advise never\n")
    let ofSize = TransparentHugePages(enabled: .madvise, shared: .withinSize, pageSize: 2 << 20)
    #expect(try TransparentHugePages.current(tree.files) == ofSize)
    try tree.write(directory + "/hugepages-2048kB/enabled", "[always] inherit madvise never\n")
    try tree.write(directory + "/shmem_enabled", "always within_size advise never [deny] force\n")
    let denied = TransparentHugePages(enabled: .always, shared: .deny, pageSize: 2 << 20)
    #expect(try TransparentHugePages.current(tree.files) == denied)
  }

  @Test(
    "are on a tmpfs by its mount's option, in a memfd by the setting, unless that says never or always for all",
    arguments: [
      ("always within_size advise [never] deny force", 0x2a, true),
      ("[always] within_size advise never deny force", 0x2b, false),
      ("always within_size advise [never] deny force", 0x2b, false),
      ("always within_size [advise] never deny force", 0x5, true),
      ("always within_size advise [never] deny force", 0x5, false),
      ("always within_size advise never [deny] force", 0x2a, false),
      ("always within_size advise never deny [force]", 0x2b, true),
    ] as [(String, UInt64, Bool)])
  func onTmpfs(setting: String, device: UInt64, isOn: Bool) throws {
    let directory = "/sys/kernel/mm/transparent_hugepage"
    let tree = try FileTree.of([
      directory + "/hpage_pmd_size": "2097152\n", directory + "/enabled": "always [madvise] never\n",
      directory + "/shmem_enabled": setting + "\n",
      "/proc/self/mountinfo":
        "22 1 0:42 / /mnt/a rw,relatime shared:9 - tmpfs none rw,size=100k,huge=advise\n"
        + "23 1 0:43 / /mnt/b rw - tmpfs none rw,size=100k\n",
    ])
    #expect(try TransparentHugePages.isOn(device: device, tree.files) == isOn)
  }

  @Test("are not made unasked by a kernel that cannot")
  func noTransparent() throws {
    let tree = try FileTree.of(["/sys/kernel/mm/swap": ""])
    #expect(try TransparentHugePages.current(tree.files) == nil)
  }
}

@Suite("Memory")
struct MemoryFactsTests {
  @Test("of the machine is read in bytes")
  func machine() throws {
    let tree = try FileTree.of([
      "/proc/meminfo":
        "MemTotal:       24684092 kB\nMemFree:         100 kB\nMemAvailable:  200 kB\nHugePages_Total: 7\n"
    ])
    let expected = MemoryInfo(totalBytes: 24_684_092 << 10, availableBytes: 200 << 10, freeBytes: 100 << 10)
    #expect(try MemoryInfo.current(tree.files) == expected)
  }

  @Test("of this machine is there, in pages of a power of two")
  func real() throws {
    let memory = try MemoryInfo.current()
    #expect(memory.totalBytes > memory.freeBytes)
    #expect(memory.totalBytes >= memory.availableBytes)
    #expect(MemoryInfo.basePageSize.nonzeroBitCount == 1)
    #expect(try output(of: "getconf PAGESIZE") == "\(MemoryInfo.basePageSize)\n")
  }

  @Test("of the process is read in bytes")
  func process() throws {
    let tree = try FileTree.of([
      "/proc/self/status":
        "Name:\tx\nVmLck:\t       4 kB\nVmPin:\t  8 kB\nVmRSS:\t 12 kB\nVmSize:\t 20 kB\nVmData:\t 16 kB\n"
    ])
    let expected = ProcessStatus(
      lockedBytes: 4096, pinnedBytes: 8192, residentBytes: 12288, addressSpaceBytes: 20480, dataBytes: 16384)
    #expect(try ProcessStatus.current(tree.files) == expected)
    let here = try ProcessStatus.current()
    #expect(here.residentBytes > 1 << 20)
  }
}

@Suite("The power policy")
struct PowerPolicyTests {
  @Test(
    "saves energy by the governor, or by the preference where the CPU chooses its speed itself",
    arguments: [
      ("powersave", "acpi-cpufreq", nil, "governor powersave"),
      ("conservative", "intel_cpufreq", nil, "governor conservative"),
      ("powersave", "amd-pstate", "performance", "governor powersave"),
      ("performance", "acpi-cpufreq", nil, nil),
      ("schedutil", "amd-pstate", nil, nil),
      ("ondemand", "acpi-cpufreq", nil, nil),
      ("powersave", "intel_pstate", nil, nil),
      ("powersave", "intel_pstate", "balance_performance", nil),
      ("powersave", "intel_pstate", "balance_power", "energy_performance_preference balance_power"),
      ("powersave", "amd-pstate-epp", "power", "energy_performance_preference power"),
      ("powersave", "amd-pstate-epp", "default", nil),
      ("powersave", "intel_pstate", "64", nil),
      ("powersave", "intel_pstate", "200", "energy_performance_preference 200"),
    ])
  func rule(governor: String, driver: String, preference: String?, reason: String?) {
    let processor = PowerPolicy.Processor(
      cpu: 3, governor: governor, driver: driver, energyPreference: preference)
    let found = PowerPolicy(processors: [processor]).energyConscious
    #expect(found?.reason == reason)
    #expect(found?.cpu == (reason == nil ? nil : 3))
  }

  @Test("is read of every CPU, in ascending order")
  func reading() throws {
    let cpus = "/sys/devices/system/cpu/cpu"
    let tree = try FileTree.of([
      cpus + "10/cpufreq/scaling_governor": "powersave\n",
      cpus + "10/cpufreq/scaling_driver": "intel_pstate\n",
      cpus + "10/cpufreq/energy_performance_preference": "power\n",
      cpus + "9/cpufreq/scaling_governor": "performance\n",
      cpus + "9/cpufreq/scaling_driver": "intel_pstate\n",
      cpus + "0/topology/core_id": "0\n", "/sys/kernel/notes": "",
      cpus + "freq/policy0/scaling_governor": "powersave\n",
    ])
    let policy = try PowerPolicy.current(tree.files)
    #expect(policy.processors.map(\.cpu) == [9, 10])
    #expect(policy.energyConscious?.cpu == 10)
  }

  @Test("of a machine without any saves nothing")
  func absent() {
    #expect(PowerPolicy(processors: []).energyConscious == nil)
  }
}

@Suite("The kernel's version")
struct KernelVersionTests {
  @Test(
    "tells how far it can be preempted",
    arguments: [
      ("#1 SMP PREEMPT_DYNAMIC Mon Jan 1 00:00:00 UTC 2024", nil, "PREEMPT_DYNAMIC"),
      ("#1 SMP PREEMPT_DYNAMIC x", "none voluntary (full) lazy", "PREEMPT_DYNAMIC (full)"),
      ("#1 SMP PREEMPT_RT x", nil, "PREEMPT_RT"),
      ("#1 SMP PREEMPT_LAZY x", nil, "PREEMPT_LAZY"),
      ("#1 SMP PREEMPT x", nil, "PREEMPT"),
      ("#1 SMP x", nil, "none"),
    ])
  func preemption(version: String, dynamic: String?, preemption: String) {
    let kernel = KernelVersion(release: "6.1", version: version, dynamicPreemption: dynamic)
    #expect(kernel.preemption == preemption)
  }

  @Test("is what the kernel writes under /proc")
  func current() throws {
    let kernel = try KernelVersion.current()
    #expect(kernel.release == SystemFiles().text("/proc/sys/kernel/osrelease"))
    #expect(kernel.version == SystemFiles().text("/proc/sys/kernel/version"))
  }
}

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
