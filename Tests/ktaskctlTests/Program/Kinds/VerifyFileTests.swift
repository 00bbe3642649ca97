@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("ktaskctl verify", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct VerifyFileTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test(
      "tells what is resident of files that others made, and makes nothing", arguments: ["tmpfs", "hugetlbfs", "ext4"])
    func othersFiles(kind: String) throws {
      let page = kind == "hugetlbfs" ? HugePage.mebibytes2.bytes : 4096
      for file in try scratch.othersFiles(on: kind) {
        let before = FileFacts(file.path)
        let ended = try ktaskctl("verify", file.path, "--zero", "--json")
        let isWhole = file.residentBytes == file.bytes
        #expect(ended.status == (file.content == nil && isWhole ? 0 : 2), "\(file.path): \(ended.err)")
        let document = try ended.document()
        let found = try #require(document.files.first)
        #expect(found.bytes == file.bytes)
        #expect(found.alreadyResidentBytes == file.residentBytes, "\(file.path)")
        #expect(found.zero == (file.content == nil))
        #expect(found.pageSize == page)
        #expect(found.addedBytes == 0)
        #expect((found.pagesByNode ?? [:]).values.reduce(0, +) * page == file.residentBytes, "\(file.path)")
        #expect(document.verified?.residentBytes == file.residentBytes)
        #expect(FileFacts(file.path) == before)
      }
    }

    @Test("tells it in words, too")
    func words() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[2].path
      let ended = try ktaskctl("verify", file, "--info")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out == "\(file): 24 MiB, 16 MiB resident in 4K pages\n  node 0: 4096 pages of 4K, 16 MiB\n")
      #expect(ended.err == "")
      // what was demanded is told, what was found stays the same
      let demanded = try ktaskctl("verify", file)
      #expect(demanded.status == 2)
      #expect(demanded.message == "ktaskctl: \(file): 8 MiB of 24 MiB are not resident")
      #expect(demanded.out == ended.out)
    }

    @Test("--info demands nothing, whatever else is named")
    func info() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[2].path
      let ended = try ktaskctl("verify", file, "--info", "--zero", "--page-size", "2M", "--size", "64M", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().files.first?.zero == false)
      #expect(try ended.document().errors.isEmpty)
    }

    @Test("says of 1 GiB pages what they are")
    func gibibytePage() throws {
      try scratch.reserve(1, of: .gibibyte)
      let file = try scratch.hugetlbfs(.gibibyte) + "/vm"
      try tool("fallocate", "--length", "1G", file)
      let ended = try ktaskctl("verify", file, "--page-size", "1G", "--size", "1G", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().files.first?.pagesByNode == ["0": 1])
      #expect(try ktaskctl("verify", file, "--page-size", "2M").status == 2)
      #expect(try ktaskctl("release", file).status == 0)
      #expect(FileFacts(file)?.allocated == 0)
    }

    @Test("a demand that is met is no word, one that is not ends with status 2 and says what is different")
    func demands() throws {
      let files = try scratch.othersFiles(on: "hugetlbfs")
      let whole = files[3].path
      let holed = files[2].path
      #expect(try ktaskctl("verify", whole, "--size", "16M", "--page-size", "2M", "--nodes", "0", "--zero").status == 0)
      let cases: [([String], String)] = [
        ([whole, "--size", "17M"], "\(whole): has 16 MiB, less than is demanded"),
        ([holed, "--size", "24M"], "\(holed): 8 MiB of 24 MiB are not resident"),
        (
          [whole, "--page-size", "4K"],
          "\(whole): 16 MiB are in other pages than demanded; most of the file is in 2M pages"
        ),
        (
          [whole, "--page-size", "thp"],
          "\(whole): 16 MiB are in other pages than demanded; most of the file is in 2M pages"
        ),
        ([holed, "--zero"], "\(holed): the byte at offset 0 is not zero"),
      ]
      for (words, message) in cases {
        let ended = try start(["verify"] + words).end()
        #expect(ended.status == 2, "\(ended.err)")
        #expect(ended.message == "ktaskctl: \(message)")
        #expect(ended.out.contains("node 0: "), "the report comes all the same")
      }
      // the first 8 MiB of the file with the hole are there
      #expect(try ktaskctl("verify", holed, "--size", "8M").status == 0)
    }

    @Test("every demand of every file that is not met is told")
    func severalDemands() throws {
      let files = try scratch.othersFiles(on: "tmpfs")
      let ended = try ktaskctl(
        "verify", files[1].path, files[2].path, "--page-size", "2M", "--zero", "--size", "32M", "--json")
      #expect(ended.status == 2)
      let errors = try ended.document().errors
      #expect(errors.map(\.path) == [files[1].path] + Array(repeating: files[2].path, count: 4))
      #expect(errors.allSatisfy { $0.code == "not-as-demanded" && $0.exitStatus == 2 })
      #expect(ended.err.split(separator: "\n").count == 5)
    }

    @Test("a tmpfs has transparent huge pages where its mount says so, and not where it does not")
    func transparentMount() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let refused = try ktaskctl("prefault", folder + "/vm", "--size", "32M", "--page-size", "thp")
      #expect(refused.status == 8)
      #expect(refused.message == "ktaskctl: \(folder)/vm: its file system does not use transparent huge pages")
      #expect(refused.remedy?.contains("remount,huge=advise") == true)
      let remounted = try Child(["mount", "-o", "remount,huge=advise", folder]).end()
      if remounted.status != 0 { try Test.cancel("this kernel has no huge pages for tmpfs") }
      let ended = try ktaskctl("prefault", folder + "/vm", "--size", "32M", "--page-size", "thp", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().request?.pageSize == "thp")
    }

    @Test("transparent huge pages are told from base pages")
    func transparent() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let remounted = try Child(["mount", "-o", "remount,huge=always", folder]).end()
      if remounted.status != 0 { try Test.cancel("this kernel has no huge pages for tmpfs") }
      let file = folder + "/vm"
      #expect(try ktaskctl("prefault", file, "--size", "32M").status == 0)
      let ended = try ktaskctl("verify", file, "--page-size", "thp", "--json")
      if try ended.document().files.first?.hugeBytes == 0 { try Test.cancel("no huge page could be had") }
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ktaskctl("verify", file, "--page-size", "4K").status == 2)
    }

    @Test("looks at a file that another ktaskctl has locked, and that is mapped and written to")
    func inUse() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      try tool("truncate", "--size", "32M", file)
      let content = try Content(file)
      content.write(4 << 20..<8 << 20)
      let lock = unsafe open(file, O_RDWR | O_CLOEXEC)
      defer { close(lock) }
      try #require(flock(lock, LOCK_EX) == 0)
      let ended = try ktaskctl("verify", file, "--info", "--json")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().files.first?.alreadyResidentBytes == 4 << 20)
      #expect(content.residentBytes == 4 << 20)
      #expect(content.isWritten(4 << 20..<8 << 20))
    }

    @Test("takes a file that it may only read, and no other kind")
    func readOnly() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[3].path
      try tool("chmod", "0444", file)
      let program = try scratch.programForAll()
      let ended = try Child(Host.ordinaryUser + [program, "verify", file, "--page-size", "4K"]).end()
      #expect(ended.status == 0, "\(ended.err)")
      try tool("ln", "-s", file, scratch.file("link"))
      #expect(try ktaskctl("verify", scratch.file("link")).status == 8)
      #expect(try ktaskctl("verify", scratch.path).status == 8)
      #expect(try ktaskctl("verify", scratch.file("nothing")).status == 1)
    }

    @Test("does not take it for resident what the kernel keeps from an ordinary user")
    func keptFromUser() throws {
      let file = try scratch.othersFiles(on: "ext4")[1].path
      try tool("chmod", "0444", file)
      let program = try scratch.programForAll()
      let ended = try Child(Host.ordinaryUser + [program, "verify", file]).end()
      #expect(ended.status == 4, "\(ended.out)\(ended.err)")
    }

    @Test("lets the page cache of a file on a disk go that it read only to look for zeros")
    func pageCache() throws {
      let file = try scratch.disk("ext4", mebibytes: 400) + "/vm"
      try tool("dd", "if=/dev/urandom", "of=\(file)", "bs=1M", "count=32", "conv=fsync", "status=none")
      try tool("dd", "of=\(file)", "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none")
      let before = try Content(file).residentBytes
      #expect(try ktaskctl("verify", file, "--zero").status == 2)
      let after = try Content(file).residentBytes
      #expect(after <= before, "\(before) bytes were cached, \(after) are")
    }

    @Test("--dry-run looks at nothing and has status 0")
    func dryRun() throws {
      let file = try scratch.othersFiles(on: "tmpfs")[2].path
      let ended = try ktaskctl("verify", file, "--zero", "--dry-run")
      #expect(ended.status == 0, "\(ended.err)")
      #expect(ended.out.hasPrefix("plan: verify, 24 MiB to do, 4K pages, 1 measured"))
    }

    @Test(
      "words that make no sense with it are wrong usage",
      arguments: [["--method", "touch"], ["--policy", "bind"], ["--runs", "0"]])
    func usage(words: [String]) throws {
      #expect(try start(["verify", "/dev/shm/none"] + words).end().status == 64)
      #expect(try ktaskctl("verify").status == 64)
    }

    @Test("a pseudo file system's files, which say that they are empty, are refused")
    func pseudo() throws {
      let file = try #require(
        ["/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/cpu/cgroup.procs"].first { !Host.text($0).isEmpty })
      for words in [["verify"], ["release"], ["prefault", "--size", "4K"]] {
        let ended = try start(words + [file]).end()
        #expect(ended.status == 8 && ended.message.contains("lies on a pseudo file system"), "\(ended.out)\(ended.err)")
      }
    }

    @Test("a file of proc is none that could be looked at", arguments: ["/proc/version", "/proc/kpagecount"])
    func proc(path: String) throws {
      let ended = try ktaskctl("verify", "--zero", path)
      #expect(ended.status == 8 && ended.message.contains("lies on proc"), "\(ended.out)\(ended.err)")
    }
  }
}
