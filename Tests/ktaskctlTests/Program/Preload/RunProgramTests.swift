import Foundation
import TestSupport
import Testing

extension ProgramTests {
  @Suite("ktaskctl run: other people's programs", .enabled(if: Preloaded.isBuilt, Preloaded.need))
  struct RunProgramTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// Runs a program alone and under `run`, in which calls are large that are so for nobody else; both ends.
    private func both(
      _ words: [String], _ options: [String] = [], under: [String] = []
    ) throws -> (alone: Ended, run: Ended) {
      let run = ["run", "--least", "64K", "--threads", "2"] + options + ["--"] + words
      return (try Child(under + words).end(), try start(run, under: under).end())
    }

    /// What of memory it tests, and whether calls of it are made parallel.
    struct Stress: Sendable, CustomTestStringConvertible {
      var words: String
      var isParallel = true
      var testDescription: String { words }
    }

    @Test(
      "stress-ng finds no fault in memory",
      arguments: [
        Stress(words: "--mmap 1 --mmap-ops 2 --mmap-bytes 16m"), Stress(words: "--madvise 1 --madvise-ops 4"),
        Stress(words: "--vm 1 --vm-ops 20 --vm-bytes 32m --vm-populate"),
        Stress(words: "--shm 1 --shm-ops 4", isParallel: false),
        Stress(words: "--mlock 1 --mlock-ops 20", isParallel: false),
        Stress(words: "--mremap 1 --mremap-ops 2 --mremap-bytes 16m", isParallel: false),
        Stress(words: "--memfd 1 --memfd-ops 2 --memfd-bytes 32m", isParallel: false),
        Stress(words: "--fallocate 1 --fallocate-ops 4 --fallocate-bytes 16m --temp-path /dev/shm", isParallel: false),
      ])
    func stress(stress: Stress) throws {
      if !Host.has("stress-ng") { try Test.cancel("stress-ng is missing") }
      let words = ["stress-ng", "--verify"] + stress.words.split(separator: " ").map(String.init)
      let ends = try both(words, ["--report", scratch.file("report.json")])
      #expect(ends.run.status == ends.alone.status, "\(ends.run.out)\(ends.run.err)")
      #expect(!(ends.run.out + ends.run.err).contains("fail:"), "\(ends.run.out)\(ends.run.err)")
      let reports = try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter { $0.hasPrefix("report.") }
      // who is killed meanwhile has no whole one
      let calls = reports.flatMap { (try? Preloaded.report(scratch.file($0)).calls) ?? [] }
      #expect(!stress.isParallel || calls.contains { $0.parallelBytes > 0 }, "\(reports)")
    }

    @Test("Redis starts, answers and ends as it does alone")
    func redis() throws {
      if !Host.has("redis-server") || !Host.has("redis-cli") { try Test.cancel("redis-server is missing") }
      let script = """
        cd "$1"
        redis-server --port 0 --unixsocket socket --save '' --dir . --logfile log --daemonize no &
        until redis-cli -s socket ping 2>/dev/null | grep -q PONG; do kill -0 $! || exit 1; sleep 0.05; done
        redis-cli -s socket eval 'for i = 1, 20000 do redis.call("set", i, string.rep("x", i % 500)) end' 0
        redis-cli -s socket save
        redis-cli -s socket dbsize
        redis-cli -s socket getrange 499 0 9
        redis-cli -s socket shutdown nosave
        wait $!
        echo "status $?"
        rm -f log dump.rdb
        """
      let ends = try both(["sh", "-c", script, "sh", scratch.path])
      #expect(ends.alone.status == 0 && ends.alone.out.contains("20000"), "\(ends.alone.out)\(ends.alone.err)")
      #expect(ends.run.status == 0 && ends.run.out == ends.alone.out, "\(ends.run.out)\(ends.run.err)")
    }

    @Test(
      "PostgreSQL makes a cluster, starts, answers and ends as it does alone",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func postgres() throws {
      guard let programs = Host.postgres else { try Test.cancel("postgresql is missing") }
      let folder = scratch.file("postgres")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      try tool("chown", "65534:65534", folder)
      let script = """
        cd "$1"
        PATH=\(programs):$PATH
        initdb -D data -U tester --auth=trust -N -E UTF8 --locale=C >log 2>&1 || { cat log; exit 1; }
        options="-k $1 -c listen_addresses= -c shared_buffers=128MB -c huge_pages=off -c fsync=off"
        pg_ctl -D data -s -w -t 300 -l log -o "$options" start || { cat log; exit 1; }
        psql -h "$1" -U tester -d postgres -AtX <<'END'
        create table numbers as select generate_series(1, 50000) as n;
        set min_parallel_table_scan_size = 0; set parallel_setup_cost = 0;
        select count(*), sum(n), md5(string_agg(n::text, ',' order by n)) from numbers;
        END
        pg_ctl -D data -s -w -t 300 -m fast stop
        echo "status $?"
        rm -rf data log
        """
      let ends = try both(["sh", "-c", script, "sh", folder], under: Host.ordinaryUser)
      #expect(ends.alone.status == 0 && ends.alone.out.contains("50000|1250025000|"), "\(ends.alone)")
      #expect(ends.run.status == 0 && ends.run.out == ends.alone.out, "\(ends.run)")
    }

    @Test(
      "the kernel's own tests of memory come to the same", .enabled(if: Host.has("clang"), "there is no clang here"),
      arguments: [
        "madv_populate", "mlock2-tests", "map_populate", "map_fixed_noreplace", "mremap_dontunmap", "thuge-gen",
      ])
    func kernel(name: String) throws {
      let program = try KernelTests.program(name, scratch)
      var ends = try both([program])
      for _ in 0..<30 where hasNotBegun(ends.alone) || hasNotBegun(ends.run) { ends = try both([program]) }
      #expect(!hasNotBegun(ends.alone) && !hasNotBegun(ends.run))
      #expect(ends.run.status == ends.alone.status, "\(ends.run.out)\(ends.run.err)")
      #expect(withoutAddresses(ends.run.out) == withoutAddresses(ends.alone.out))
    }

    /// Before its first test one asks whether the kernel marks a new page, and gives up where chance (the layout of
    /// addresses) has put that page right behind other memory, with which it is one mapping.
    private func hasNotBegun(_ end: Ended) -> Bool { end.out.contains("Bail out! check_vmflag") }

    /// A part of it that is aligned to more than a page has it loaded behind a gap, where the next small mapping goes.
    @Test(
      "have no gap in their addresses from what run puts in front of them",
      .enabled(if: Host.has("readelf"), "needs readelf"))
    func gap() throws {
      let parts = try tool("readelf", "-lW", #require(Preloaded.library)).split(separator: "\n")
        .filter { $0.contains(" LOAD ") }
      let alignments = parts.compactMap { $0.split(separator: " ").last }.compactMap { Int($0.dropFirst(2), radix: 16) }
      #expect(alignments.count == parts.count && parts.count >= 2)
      #if arch(x86_64)
        #expect(alignments.allSatisfy { $0 <= 4096 }, "\(alignments)")
      #endif
    }

    private func withoutAddresses(_ text: String) -> String { text.replacing(#/0x[0-9a-f]+/#, with: "0x") }
  }
}

/// Programs of the kernel's tools/testing/selftests/mm, which was called vm before Linux 6.3.
private enum KernelTests {
  /// The folder, out of the source that a package of the system's has; it is taken out once.
  private static let folder: String? = {
    let sources = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/src")) ?? []
    guard let archive = sources.filter({ $0.wholeMatch(of: /linux-source-[0-9.]+\.tar\.xz/) != nil }).max() else {
      return nil
    }
    let kept = Checkout.folder.path + "/.build/kernel-tests/" + archive
    if !FileManager.default.fileExists(atPath: kept) {
      let part = kept + ".part"
      _ = try? tool("rm", "-rf", part)
      _ = try? tool("mkdir", "-p", part)
      let wanted = ["*/selftests/mm", "*/selftests/vm", "*/selftests/kselftest.h", "*/selftests/kselftest_harness.h"]
      // those that this release does not have are no error
      _ = try? Child(
        ["tar", "-C", part, "--strip-components=4", "-xJf", "/usr/src/" + archive, "--wildcards"] + wanted
      ).end()
      _ = try? tool("mv", part, kept)
    }
    return ["mm", "vm"].map { kept + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
  }()

  static func program(_ name: String, _ scratch: Scratch) throws -> String {
    guard let folder else { try Test.cancel("the kernel's source is missing: linux-source") }
    let program = scratch.file(name)
    let built = try Child(
      [
        "clang", "-w", "-O1", "-D_GNU_SOURCE", "-I", folder, "-o", program, "\(folder)/\(name).c",
        "\(folder)/vm_util.c",
      ]
        + ["-lrt", "-lpthread"]
    ).end()
    if built.status != 0 { try Test.cancel("\(name) does not build here: \(built.err.prefix { $0 != "\n" })") }
    return program
  }
}
