import Testing

extension ProgramTests {
  @Suite("FILEs in use, by the kernel or many at once", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct FileInUseByManyTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("is one that no process has, but the kernel: the image of a disk")
    func kernels() throws {
      let folder = try scratch.disk("ext4", mebibytes: 16)
      let image = scratch.file("ext4-0.img")
      let ended = try ktaskctl("release", image)
      #expect(ended.status == 7, "\(ended.err)")
      #expect(
        ended.message
          == "ktaskctl: \(image): somebody has it open or mapped, and /proc does not name who: its content would be lost"
      )
      #expect(FileFacts(folder + "/lost+found") != nil)
    }

    @Test(
      "costs one look at all processes, however many files there are", .enabled(if: Host.canTrace, "\(Host.needsTrace)")
    )
    func many() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let files = (0..<400).map { "\(folder)/\($0)" }
      for file in files { #expect(Host.write("content", to: file)) }
      let other = try Child([
        "bash", "-c", "for f in \(folder)/*; do exec {x}< $f; done; echo open; exec sleep infinity",
      ])
      try other.waitForOutput("open")
      let log = scratch.file("log")
      func looks(_ files: [String]) throws -> Int {
        let trace = ["strace", "-f", "-qq", "-e", "trace=openat", "-o", log]
        #expect(try start(["release"] + files, under: trace).end().status == 7)
        return Host.text(log).split(separator: "\n").count { $0.contains("\"maps\"") }
      }
      let one = try looks([files[0]])
      let all = try looks(files)
      #expect(one > 1 && all < 2 * one, "\(one) for one file, \(all) for 400")
    }
  }
}
