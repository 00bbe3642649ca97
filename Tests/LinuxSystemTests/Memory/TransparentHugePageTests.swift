import LinuxSystem
import TestSupport
import Testing

@Suite("Transparent huge pages")
struct TransparentHugePageTests {
  @Test("are made unasked as the setting for their size says, or the one for all")
  func transparent() throws {
    let directory = "/sys/kernel/mm/transparent_hugepage"
    let tree = try FileTree([
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
    let tree = try FileTree([
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
    let tree = try FileTree(["/sys/kernel/mm/swap": ""])
    #expect(try TransparentHugePages.current(tree.files) == nil)
  }
}
