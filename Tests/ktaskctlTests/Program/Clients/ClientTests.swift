import Foundation
import Testing

extension ProgramTests {
  /// Programs that know nothing of ktaskctl, on memory that it made ready; each is skipped where it is not installed.
  @Suite("Other people's programs, on memory that is ready", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct ClientTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// A hugetlbfs whose pool has been raised for so much, all of which is free again.
    private func raisedPool(_ mebibytes: Int) throws -> String {
      try scratch.reserve(0, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      let ready = try ktaskctl("prefault", folder + "/vm", "--size", "\(mebibytes)M", "--grow-pool")
      try #require(ready.status == 0, "\(ready.err)")
      #expect(try ktaskctl("release", folder + "/vm", "--unlink").status == 0)
      #expect(HugePage.mebibytes2.available == mebibytes / 2)
      return folder
    }

    @Test("stress-ng finds no fault in memory beside ktaskctl, nor ktaskctl beside it")
    func stress() throws {
      if !Host.has("stress-ng") { try Test.cancel("stress-ng is missing") }
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let kinds = "--mmap 1 --mmap-bytes 16m --mlock 1 --madvise 1 --memfd 1 --memfd-bytes 16m --mincore 1"
      let stress = try Child(
        ["stress-ng", "--verify", "--timeout", "4s"] + kinds.split(separator: " ").map(String.init))
      var rounds = 0
      repeat {
        for words in [
          ["prefault", file, "--size", "64M"], ["verify", file, "--zero"], ["clear", file], ["release", file],
        ] {
          let ended = try start(words + ["--quiet"]).end()
          #expect(ended.status == 0, "round \(rounds), \(words[0]): \(ended.err)")
        }
        rounds += 1
      } while !stress.hasEnded
      let ended = stress.end()
      #expect(ended.status == 0 && !(ended.out + ended.err).contains("fail:"), "\(ended.out)\(ended.err)")
    }

    @Test(
      "fio verifies what it writes into a file that is ready, whose pages stay the same",
      arguments: ["tmpfs", "hugetlbfs"])
    func fio(kind: String) throws {
      if !Host.has("fio") { try Test.cancel("fio is missing") }
      let file = try scratch.folder(on: kind) + "/data"
      try #require(try ktaskctl("prefault", file, "--size", "32M").status == 0)
      let before = try #require(FileFacts(file))
      let ended = try Child([
        "fio", "--name=ready", "--filename=\(file)", "--size=32M", "--ioengine=mmap", "--rw=randwrite", "--bs=4k",
        "--io_size=8M", "--verify=crc32c", "--do_verify=1", "--verify_fatal=1", "--output-format=json",
        "--allow_file_create=0", "--verify_state_save=0",
      ]).end()
      #expect(ended.status == 0, "\(ended.out)\(ended.err)")
      let after = try #require(FileFacts(file))
      #expect(after.size == before.size && after.allocated == before.allocated)
      #expect(try ktaskctl("verify", file).status == 0)
      #expect(try ktaskctl("verify", file, "--zero").status == 2)
    }

    @Test("Java has its heap in a pool that was raised for it, touches all of it, and gives it back")
    func java() throws {
      if !Host.has("java") { try Test.cancel("java is missing") }
      let folder = try raisedPool(96)
      let ended = try Child([
        "java", "-XX:+UseSerialGC", "-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch", "-XX:AllocateHeapAt=\(folder)",
        "-Xlog:gc+heap*=info", "-Xlog:pagesize=info", "-version",
      ]).end()
      #expect(ended.status == 0, "\(ended.out)\(ended.err)")
      #expect(!ended.out.contains("Failed") && !ended.err.contains("warning"), "\(ended.out)\(ended.err)")
      #expect(HugePage.mebibytes2.available == 48)
      // what is not there is refused, as without ktaskctl
      let tooLarge = try Child(["java", "-Xms1g", "-Xmx1g", "-XX:AllocateHeapAt=\(folder)", "-version"]).end()
      #expect(tooLarge.status != 0)
      #expect(HugePage.mebibytes2.available == 48)
    }

    @Test(
      "PostgreSQL has its buffers in huge pages of a pool that was raised for it, and its shared memory filled from outside",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func postgres() throws {
      guard let programs = Host.postgres else { try Test.cancel("postgresql is missing") }
      _ = try raisedPool(192)
      let folder = scratch.file("postgres")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      try tool("chown", "65534:65534", folder)
      defer {
        _ = try? Child(Host.ordinaryUser + ["\(programs)/pg_ctl", "-D", folder + "/data", "-m", "immediate", "stop"])
          .end()
      }
      let beginning = try Child(Host.ordinaryUser + ["sh", "-c", Self.begin, "sh", folder, programs]).end()
      #expect(beginning.status == 0, "\(beginning.out)\(beginning.err)")
      let left = HugePage.mebibytes2.available
      #expect(left < 96 - 64, "the buffers are not in the pool: \(left) of 96 are available")
      let process = Host.text(folder + "/data/postmaster.pid").prefix { $0 != "\n" }
      let filled = try ktaskctl("prefault", "--pid", String(process))
      #expect(filled.status == 0, "\(filled.err)")
      let ending = try Child(Host.ordinaryUser + ["sh", "-c", Self.ask, "sh", folder, programs]).end()
      #expect(ending.out == "50000|1250025000\nstatus 0\n", "\(ending.out)\(ending.err)")
      #expect(HugePage.mebibytes2.available == 96)
    }

    private static let begin = """
      cd "$1"
      PATH=$2:$PATH
      initdb -D data -U tester --auth=trust -N -E UTF8 --locale=C >log 2>&1 || { cat log; exit 1; }
      options="-k $1 -c listen_addresses= -c shared_buffers=128MB -c huge_pages=on -c fsync=off"
      pg_ctl -D data -s -w -t 300 -l log -o "$options" start || { cat log; exit 1; }
      """
    private static let ask = """
      cd "$1"
      PATH=$2:$PATH
      psql -h "$1" -U tester -d postgres -AtXq <<'END'
      create table numbers as select generate_series(1, 50000) as n;
      select count(*), sum(n) from numbers;
      END
      pg_ctl -D data -s -w -t 300 -m fast stop
      echo "status $?"
      """
  }
}
