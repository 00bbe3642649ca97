import LinuxSystem
import Testing

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
