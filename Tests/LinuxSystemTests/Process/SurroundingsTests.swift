import TestSupport
import Testing

@testable import LinuxSystem

@Suite("Surroundings")
struct SurroundingsTests {
  @Test(
    "a container is told by what its engine leaves, and by nothing else",
    arguments: [
      (["/.dockerenv": ""], Surroundings.Container.ordinary), (["/run/.containerenv": ""], .ordinary),
      (["/proc/1/environ": "PATH=/bin\0container=lxc\0TERM=linux\0"], .ordinary),
      (["/proc/1/cgroup": "0::/system.slice/docker-4f.scope\n"], .ordinary),
      (["/proc/1/cgroup": "4:memory:/kubepods/besteffort/pod1\n"], .ordinary), ([:], nil),
      (["/proc/1/environ": "PATH=/bin\0mycontainer=x\0container=\0", "/proc/1/cgroup": "0::/init.scope\n"], nil),
    ] as [([String: String], Surroundings.Container?)])
  func container(files: [String: String], expected: Surroundings.Container?) throws {
    let tree = try FileTree(files)
    let found = Surroundings.container(tree.files, hasOwnUsers: false, isBoundRoot: false, variable: nil)
    #expect(found == expected)
  }

  @Test("users of its own, a variable and a root without root's rights tell one, too")
  func otherSigns() throws {
    let tree = try FileTree()
    #expect(Surroundings.container(tree.files, hasOwnUsers: true, isBoundRoot: true, variable: nil) == .ownUsers)
    #expect(Surroundings.container(tree.files, hasOwnUsers: false, isBoundRoot: true, variable: nil) == .ordinary)
    #expect(Surroundings.container(tree.files, hasOwnUsers: false, isBoundRoot: false, variable: "oci") == .ordinary)
    #expect(Surroundings.container(tree.files, hasOwnUsers: false, isBoundRoot: false, variable: "") == nil)
  }

  @Test(
    "a service is told by its invocation, and a user's from the system's",
    arguments: [
      ("0::/system.slice/vm.service\n", "4f", .system), ("0::/system.slice/vm.service\n", nil, nil),
      ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/vm.service\n", "4f", .user), ("", "", nil),
    ] as [(String, String?, Surroundings.Unit?)])
  func unit(group: String, invocation: String?, expected: Surroundings.Unit?) throws {
    let tree = try FileTree(["/proc/self/cgroup": group])
    #expect(Surroundings.unit(tree.files, invocation: invocation) == expected)
  }

  @Test("settings that are not there cannot be written")
  func settings() throws {
    let none = try FileTree()
    #expect(!Surroundings.mayWriteSettings(none.files))
    let one = try FileTree(["/proc/sys/vm/nr_hugepages": "0\n"])
    #expect(Surroundings.mayWriteSettings(one.files))
  }

  @Test(
    "the kernel's settings for io_uring hold for those that they name",
    arguments: [
      ("0", "-1", false, []), ("1", "-1", true, []), ("1", "7", false, [7]), ("", "", false, []),
    ] as [(String, String, Bool, [Int])])
  func ringsAllowed(disabled: String, group: String, isAdministrator: Bool, groups: [Int]) throws {
    #expect(try restriction(disabled, group, isAdministrator, groups) == nil)
  }

  @Test("and not for others")
  func ringsRefused() throws {
    #expect(try restriction("2", "7", true, [7]) == .everybody)
    #expect(try restriction("1", "7", false, [8, 0]) == .allButGroup(7))
    #expect(try restriction("1", "-1", false, [0]) == .allButGroup(nil))
  }

  private func restriction(
    _ disabled: String, _ group: String, _ isAdministrator: Bool, _ groups: [Int]
  ) throws -> BufferRing.Restriction? {
    let tree = try FileTree([
      "/proc/sys/kernel/io_uring_disabled": disabled, "/proc/sys/kernel/io_uring_group": group,
    ])
    return BufferRing.restriction(tree.files, isAdministrator: isAdministrator, groups: groups)
  }

  @Test("a file's mount point is found, whether the file is there or not")
  func mountPoint() throws {
    let tree = try FileTree(["/a/b": ""])
    let there = try #require(MountPoint.holding(tree.root + "/a/b"))
    #expect(MountPoint.holding(tree.root + "/a/none") == there)
    #expect(tree.root.hasPrefix(there.path))
    #expect((there.totalBytes ?? 1) > 0)
    #expect(MountPoint.holding("/proc/sys/kernel/none")?.path == "/proc")
    #expect(MountPoint.holding(tree.root + "/none/file") == nil)
  }
}
