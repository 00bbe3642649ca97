@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// The program is held up between its preflight and its work, and somebody else is quicker.
  @Suite(
    "What was there in the preflight and is taken then", .enabled(if: Host.isRoot, "\(Host.needsRoot)"),
    .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
  struct TakenMeanwhileTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private func prefault(_ file: String, _ words: [String] = [], meanwhile: () throws -> Void) throws -> Ended {
      let words = ["prefault", file, "--size", "64M", "--threads", "2", "--min-chunk", "2M", "--json"] + words
      let child = try start(words, under: Traced.slow("ftruncate", milliseconds: 1000))
      child.wait { FileFacts(file) != nil }
      try child.stopped(meanwhile)
      return child.end()
    }

    @Test("pages of a pool")
    func pool() throws {
      try scratch.reserve(40, of: .mebibytes2)
      let file = try scratch.hugetlbfs(.mebibytes2) + "/vm"
      let ended = try prefault(file) { HugePage.mebibytes2.setTotal(HugePage.mebibytes2.total - 20) }
      #expect(ended.status == 3, "\(ended.err)")
      #expect(ended.message.contains("no memory left for a page (EFAULT); undone, "), "\(ended.err)")
      #expect(ended.remedy?.contains("nr_hugepages") == true)
      #expect(FileFacts(file) == nil)
      #expect(HugePage.mebibytes2.available == 20)
    }

    @Test("space on a tmpfs, whichever way pages are made", arguments: ["populate", "fallocate", "touch"])
    func tmpfs(method: String) throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let ended = try prefault(folder + "/vm", ["--method", method]) {
        try tool("mount", "-o", "remount,size=40M", folder)
      }
      #expect(ended.status == 3, "\(ended.err)")
      #expect(try ended.document().undone?.complete == true)
      #expect(try ended.document().errors.first?.errno == (method == "fallocate" ? "ENOSPC" : "EFAULT"))
      #expect(FileFacts(folder + "/vm") == nil)
      let used = try tool("df", "--output=used", folder).split(separator: "\n").last
      #expect(used?.trimmingPrefix(while: \.isWhitespace) == "0")
    }

    @Test("space on a disk")
    func disk() throws {
      let folder = try scratch.disk("ext4", mebibytes: 100)
      let ended = try prefault(folder + "/vm") { try tool("fallocate", "--length", "40M", folder + "/other") }
      #expect(ended.status == 3, "\(ended.err)")
      #expect(try ended.document().errors.first?.errno == "ENOSPC")
      #expect(FileFacts(folder + "/vm") == nil)
      #expect(FileFacts(folder + "/other")?.size == 40 << 20)
    }
  }
}
