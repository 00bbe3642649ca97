@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("Situations that one call's error does not tell of", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct SituationTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// The program in a mount namespace of its own, after the shell's `script`.
    private func ktaskctl(after script: String, container: String = "", _ words: [String]) throws -> Ended {
      let shell = ["unshare", "--mount", "env", "container=\(container)", "sh", "-c", "\(script) && exec \"$@\"", "sh"]
      let ended = try start(words, under: shell).end()
      if ended.err.contains("mount:") { try Test.cancel("cannot be mounted here: \(ended.err)") }
      return ended
    }

    private static let readOnly = "mount -o remount,bind,ro /sys"

    @Test("a /sys that cannot be written is told as that, and nobody who is root to be it")
    func readOnlySettings() throws {
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      for words in [["--grow-pool"], ["--grow-pool", "--dry-run"]] {
        let ended = try ktaskctl(after: Self.readOnly, ["prefault", file, "--size", "1G"] + words)
        #expect(ended.status == 4, "\(ended.err)")
        #expect(ended.message.contains("changing the pool failed"), "\(ended.err)")
        #expect(ended.message.contains("/sys is mounted read-only here (EROFS)"), "\(ended.err)")
        #expect(ended.remedy?.hasPrefix("as root") == false, "\(ended.err)")
      }
      #expect(FileFacts(file) == nil)
    }

    @Test(
      "a container is told that it cannot change pools, and who can",
      arguments: [["prefault", "FILE", "--grow-pool"], ["prefault", "FILE"], ["clear", "--page-size", "2M"]])
    func container(words: [String]) throws {
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      let words = words.map { $0 == "FILE" ? file : $0 }
      let ended = try ktaskctl(after: Self.readOnly, container: "podman", words + ["--size", "200G"])
      #expect([3, 4].contains(ended.status), "\(ended.err)")
      #expect(ended.remedy?.hasPrefix("outside of the container, which cannot change pools: ") == true, "\(ended.err)")
    }

    @Test("without /sys nobody is told to write there, but to mount it")
    func noSettings() throws {
      let folder = try scratch.hugetlbfs(.mebibytes2)
      let without = "umount --lazy /sys && mount -t tmpfs none /sys"
      // nobody knows beforehand how many pages there are
      let ended = try ktaskctl(after: without, ["prefault", folder + "/vm", "--size", "\(Host.memory * 2)"])
      #expect(ended.status == 3, "\(ended.err)")
      #expect(ended.remedy?.hasSuffix("mount -t sysfs sysfs /sys") == true, "\(ended.err)")
      let grown = try ktaskctl(after: without, ["prefault", folder + "/vm", "--size", "32M", "--grow-pool"])
      #expect(grown.status == 8, "\(grown.err)")
      #expect(grown.remedy?.hasSuffix("mount -t sysfs sysfs /sys") == true, "\(grown.err)")
      #expect(FileFacts(folder + "/vm") == nil)
    }

    @Test(
      "a directory called hugepages on which no hugetlbfs is mounted is told, whatever is not to be",
      arguments: ["hugepages", "hugepages-1G/libvirt"])
    func plainDirectory(name: String) throws {
      let folder = scratch.file(name)
      try tool("mkdir", "-p", folder)
      let mountPoint = scratch.file(String(name.prefix { $0 != "/" }))
      let words = "\(folder)/vm: no hugetlbfs is mounted on \(mountPoint): what is there comes in 4K pages of "
      for command in [["prefault", "--size", "4M"], ["verify"], ["prefault", "--hold-until-eof"]] {
        let ended = try start([command[0], folder + "/vm"] + command.dropFirst() + ["--quiet"]).end()
        #expect(ended.status == 0, "\(ended.err)")
        #expect(ended.err.hasPrefix("ktaskctl: warning: \(words)"), "\(ended.err)")
        #expect(ended.err.contains("mount -t hugetlbfs -o pagesize="), "\(ended.err)")
      }
      // by a name that does not say it
      let ended = try start(["prefault", "vm", "--quiet"], under: ["env", "-C", folder]).end()
      #expect(ended.err.hasPrefix("ktaskctl: warning: vm: no hugetlbfs "), "\(ended.err)")
      let elsewhere = try scratch.tmpfs(mebibytes: 16)
      #expect(try start(["prefault", elsewhere + "/vm", "--size", "4M", "--quiet"]).end().err == "")
    }

    @Test("a page size that a file system has not is an error, and what has it is the remedy, which works")
    func pageSize() throws {
      try scratch.reserve(4, of: .mebibytes2)
      let folder = scratch.file("hugepages")
      try tool("mkdir", folder)
      let ended = try start(["prefault", folder + "/vm", "--size", "8M", "--page-size", "2M"]).end()
      #expect(ended.status == 8)
      #expect(ended.message.hasSuffix("has 4 KiB pages, not 2 MiB ones"), "\(ended.err)")
      #expect(FileFacts(folder + "/vm") == nil)
      let remedy = try #require(ended.remedy)
      #expect(remedy.contains("mount -t hugetlbfs -o pagesize=2M none \(folder)"), "\(remedy)")
      let again = try ktaskctl(
        after: String(remedy.drop { $0 != "m" }), ["prefault", folder + "/vm", "--size", "8M", "--page-size", "2M"])
      #expect(again.status == 0, "\(again.err)")
      let plain = try start(["prefault", try scratch.tmpfs(mebibytes: 16) + "/vm", "--size", "8M", "--page-size", "2M"])
        .end()
      #expect(plain.status == 8 && plain.remedy?.contains("mount -t hugetlbfs -o pagesize=2M none ") == true)
    }

    @Test("a hugetlbfs with a size= is mounted anew, since a remount changes nothing")
    func limitedMount() throws {
      try scratch.reserve(32, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2, mebibytes: 16)
      let ended = try start(["prefault", folder + "/vm", "--size", "32M"]).end()
      #expect(ended.status == 3)
      let remedy = try #require(ended.remedy?.split(separator: ";").first.map(String.init))
      #expect(remedy.contains("umount \(folder) && mount -t hugetlbfs -o "), "\(remedy)")
      let again = try ktaskctl(after: String(remedy.drop { $0 != "u" }), ["prefault", folder + "/vm", "--size", "32M"])
      #expect(again.status == 0, "\(again.err)")
    }

    @Test("transparent huge pages that were asked for and are not there are told, whoever made the pages")
    func transparent() throws {
      let folder = try scratch.tmpfs(mebibytes: 100)
      let remounted = try Child(["mount", "-o", "remount,huge=advise", folder]).end()
      if remounted.status != 0 { try Test.cancel("this kernel has no huge pages for tmpfs") }
      let file = folder + "/vm"
      let words = ["prefault", file, "--page-size", "thp", "--quiet", "--size"]
      #expect(try start(words + ["32M"]).end().err == "")
      let huge = try start(["verify", file, "--page-size", "thp"]).end()
      if huge.status != 0 { try Test.cancel("no huge page could be had: \(huge.err)") }
      #expect(try start(words + ["32M"]).end().err == "", "there is nothing to do, and all is as asked for")
      try tool("rm", file)
      #expect(try start(["prefault", file, "--size", "16M", "--quiet"]).end().status == 0)
      for (size, share) in [("16M", "0.0 %"), ("32M", "50.0 %")] {
        let ended = try start(words + [size]).end()
        #expect(ended.status == 0)
        #expect(
          ended.err.hasPrefix("ktaskctl: warning: \(file): only \(share) of it is in transparent huge pages"),
          "\(size): \(ended.err)")
      }
    }

    @Test("a disk that cannot be read is no want of memory", arguments: ["populate", "touch"])
    func brokenDisk(method: String) throws {
      for tool in ["mkfs.ext4", "dd"] where !Host.has(tool) { try Test.cancel("\(tool) is missing") }
      let (image, folder) = (scratch.file("image"), scratch.file("disk"))
      try tool("truncate", "--size", "64M", image)
      // without a journal nothing is written behind the end that the image is to have
      try tool("mkfs.ext4", "-q", "-O", "^has_journal", image)
      try tool("mkdir", folder)
      let mount = ["mount", "-o", "loop", image, folder]
      if try Child(mount).end().status != 0 { try Test.cancel("no loop device") }
      scratch.finally { _ = try? tool("umount", "--lazy", folder) }
      try tool("dd", "if=/dev/urandom", "of=\(folder)/vm", "bs=1M", "count=16", "conv=fsync", "status=none")
      try tool("umount", folder)
      #expect(try Child(mount).end().status == 0)
      try tool("truncate", "--size", "12M", image)
      let ended = try start(["prefault", folder + "/vm", "--method", method, "--json"]).end()
      #expect(ended.status == 1, "\(ended.err)")
      #expect(ended.message.contains("the disk, or its file system, cannot read what it has (EIO)"), "\(ended.err)")
      #expect(try ended.document().errors.first?.errno == "EIO")
      #expect(try (ended.document().errors.first?.offset ?? 0) > 0, "where it is")
    }
  }
}
