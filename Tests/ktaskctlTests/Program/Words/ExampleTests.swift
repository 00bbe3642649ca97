import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  @Suite("The examples of the manual and the README")
  struct ExampleTests {
    @Test("each is run by a test, or is listed with the reason why it is not")
    func complete() {
      #expect(Example.all.count > 25, "the pages are found")
      let found = Set(Example.all.map { "\($0.page): \($0.name)" })
      #expect(found == Set(Self.runs.map(\.name)).union(Self.notRun.keys))
    }

    @Test(
      "does what it says, on memory of a smaller size",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"), arguments: runs)
    func works(run: Run) throws {
      let example = try #require(Example.all.first { "\($0.page): \($0.name)" == run.name })
      if let need = run.needs.first(where: { !Host.has($0) }) { try Test.cancel("needs \(need)") }
      let place = try Place()
      for step in [run.before, run.changed(example.script), run.after] {
        let ended = try place.shell(step)
        #expect(ended.status == 0, "\(step)\n\(ended.status): \(ended.out)\(ended.err)")
      }
    }
  }
}

/// A script that is run in a place of its own.
struct Run: Sendable, CustomTestStringConvertible {
  /// The example's page and first line.
  let name: String
  /// Before it and after it, in the same shell language.
  var before = ""
  var after = ""
  /// What is put in place of its words besides paths and sizes.
  var changes: [(String, String)] = []
  var needs: [String] = []
  var testDescription: String { name }

  /// All sizes become as small as a test can have them.
  func changed(_ script: String) -> String {
    let sizes = ["64G", "32G", "8G", "4G", "2G", "512M"].map { ($0, "32M") }
    return (changes + sizes).reduce(script) { $0.replacing($1.0, with: $1.1) }
  }
}

/// Where examples find /dev/hugepages and /dev/shm, and `ktaskctl` on the PATH.
private final class Place {
  private let scratch: Scratch
  private let shared: String
  private let pool: String

  init() throws {
    scratch = try Scratch()
    try scratch.reserve(64, of: .mebibytes2)
    pool = try scratch.hugetlbfs(.mebibytes2)
    shared = try scratch.tmpfs(mebibytes: 160)
    let folder = scratch.file("bin")
    try tool("mkdir", folder)
    try tool("cp", BuiltProgram.path, folder + "/ktaskctl")
    try tool("chmod", "755", folder, folder + "/ktaskctl")
    try Preloaded.install(beside: folder)
  }

  func shell(_ script: String) throws -> Ended {
    let here = script.replacing("/dev/hugepages", with: pool).replacing("/dev/shm", with: shared)
    let path = "\(scratch.file("bin")):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
    let total = HugePage.mebibytes2.total
    let words = ["env", "PATH=\(path)", "POOL=\(total)", "bash", "-euo", "pipefail", "-c"]
    return try Child(words + ["cd \(scratch.path)\n\(here)"]).end()
  }
}

extension ProgramTests.ExampleTests {
  private static let vm1 = "ktaskctl prefault /dev/hugepages/vm1 --size 32M --quiet"
  /// A QEMU that needs no guest, and ends at once.
  private static let quick = "-nodefaults -display none -S -daemonize -pidfile qemu.pid"
  /// Until it is gone, or only its parent has not noticed yet.
  private static let stop = """
    kill -KILL $(cat qemu.pid)
    while grep -qs '^State:.[^ZX]' /proc/$(cat qemu.pid)/status; do sleep 0.1; done
    """
  /// A program that has memory and waits, and its end: all of it is there by then.
  private static let sharing = """
    python3 -c '
    import mmap, os, time
    file = os.memfd_create("ram")
    os.truncate(file, 32 << 20)
    memory = mmap.mmap(file, 32 << 20)
    os.dup2(file, 100)
    open("ready", "w").close()
    time.sleep(600)' & echo $! > process
    until test -e ready; do sleep 0.1; done
    """
  private static let endSharing = """
    test $(stat --dereference --format %b /proc/$(cat process)/fd/100) = 65536
    kill $(cat process)
    """
  private static let machine = "qemu-system-x86_64"

  static let runs = [
    Run(name: "ktaskctl-clear.8: ktaskctl clear --size 8G"),
    Run(
      name: "ktaskctl-clear.8: ktaskctl clear --size 8G --page-size 2M --threads 1,4 --runs 10 \\",
      after: "grep -q '\"threads\"' clear.json"),
    // a machine with one node has no second one
    Run(name: "ktaskctl-clear.8: ktaskctl clear --size 8G --nodes 1", changes: [("--nodes 1", "--nodes 0")]),
    Run(
      name: "ktaskctl-clear.8: ktaskctl clear /dev/hugepages/vm1 --threads auto --runs 1 --warmup 0", before: vm1,
      after: "ktaskctl verify /dev/hugepages/vm1 --zero --size 32M"),
    Run(
      name: "ktaskctl-exec.8: ktaskctl exec --size 8G --page-size 2M --seal -- \\", after: stop,
      changes: [("...", quick)], needs: [machine]),
    Run(
      name: "ktaskctl-exec.8: ktaskctl exec --size 2G -- time ./analyse --scratch {}",
      before: "printf '#!/bin/sh\\ntest $(stat -Lc %%b $2) -gt 0\\n' > analyse; chmod +x analyse", needs: ["time"]),
    Run(name: "ktaskctl-pin.8: ktaskctl pin --size 4G"),
    Run(name: "ktaskctl-pin.8: ktaskctl pin --size 256M --dry-run"),
    // no hard limit is raised, since containers cannot
    Run(
      name: "ktaskctl-pin.8: prlimit --memlock=1073741824 setpriv --reuid user ktaskctl pin --size 512M",
      changes: [("1073741824", "4194304"), ("512M", "3M"), ("user", "65534")]),
    Run(
      name: "ktaskctl-pin.8: sleep infinity | ktaskctl pin --size 4G --hold-until-eof",
      changes: [("infinity", "1")]),
    Run(
      name: "ktaskctl-prefault.8: ktaskctl prefault /dev/hugepages/vm1 --size 8G --grow-pool",
      after: "ktaskctl verify /dev/hugepages/vm1 --size 32M"),
    Run(
      name: "ktaskctl-prefault.8: ktaskctl prefault /dev/hugepages/vm2 --size 8G --owner nobody: --mode 660",
      after: "test \"$(stat -c '%a %U' /dev/hugepages/vm2)\" = '660 nobody'"),
    Run(
      name: "ktaskctl-prefault.8: ktaskctl prefault /dev/shm/a /dev/shm/b --size 2G --json",
      after: "ktaskctl verify /dev/shm/a /dev/shm/b --size 32M"),
    Run(
      name: "ktaskctl-prefault.8: ktaskctl prefault \\", after: "ktaskctl verify /dev/hugepages/vm1-[01] --size 32M",
      changes: [("nodes=1", "nodes=0")]),
    Run(
      name: "ktaskctl-prefault.8: ktaskctl prefault /proc/4711/fd/12", before: sharing, after: endSharing,
      changes: [("4711", "$(cat process)"), ("fd/12", "fd/100")], needs: ["python3"]),
    Run(
      name: "ktaskctl-prefault.8: ktaskctl prefault --pid 4711 --dry-run", before: sharing,
      after: endSharing, changes: [("4711", "$(cat process)")], needs: ["python3"]),
    Run(name: "ktaskctl-prefault.8: ktaskctl prefault /dev/hugepages/new --size 8G --threads 1,2,4 --runs 3"),
    Run(
      name: "ktaskctl-run.8: ktaskctl run -v -- qemu-system-x86_64 -m 8G -overcommit mem-lock=on ...", after: stop,
      changes: [("-m 8G", "-m 64M"), ("...", quick)], needs: [machine]),
    Run(
      name: "ktaskctl-run.8: ktaskctl run --report calls.json -- ./analyse",
      before: "printf '#!/bin/sh\\n' > analyse; chmod +x analyse", after: "grep -q calls_made calls.json"),
    Run(
      name: "ktaskctl-release.8: ktaskctl release --unlink /dev/hugepages/vm1", before: vm1,
      after: "test ! -e /dev/hugepages/vm1"),
    Run(
      name: "ktaskctl-release.8: ktaskctl release --unlink --shrink-pool --keep-free 64 /dev/hugepages/vm2",
      before: "ktaskctl prefault /dev/hugepages/vm2 --size 32M --grow-pool", after: "test ! -e /dev/hugepages/vm2"),
    Run(
      name: "ktaskctl-release.8: ktaskctl release /dev/hugepages/vm1-0 /dev/hugepages/vm1-1",
      before: "ktaskctl prefault /dev/hugepages/vm1-0 /dev/hugepages/vm1-1 --size 32M",
      after: "test $(stat -c %b /dev/hugepages/vm1-0) = 0"),
    Run(
      name: "ktaskctl-stock.8: mkdir --mode 700 /dev/hugepages/stock",
      after: "ktaskctl verify /dev/hugepages/vm1 --size 32M --zero; test $(ls /dev/hugepages/stock | wc -l) = 3"),
    Run(
      name: "README.md: mkdir --mode 700 /dev/hugepages/stock",
      after: "test $(ls /dev/hugepages/stock/ready-* | wc -l) = 3; test ! -e /dev/hugepages/vm1"),
    Run(
      name: "ktaskctl-recipes.7: ktaskctl release /dev/hugepages/vm1 --to /dev/hugepages/stock",
      before: vm1 + "; mkdir --mode 700 /dev/hugepages/stock", after: "test -e /dev/hugepages/stock/returned-32M-any-*"),
    Run(
      name: "ktaskctl-stock.8: ktaskctl release /dev/hugepages/vm1 --to /dev/hugepages/stock",
      before: vm1 + "; mkdir --mode 700 /dev/hugepages/stock",
      after: "ktaskctl verify /dev/hugepages/stock/ready-* --zero", changes: [("--count 4", "--count 1")]),
    Run(
      name: "ktaskctl-release.8: ktaskctl release --offset 8G /dev/hugepages/vm1",
      before: vm1 + "; ktaskctl prefault /dev/hugepages/vm1 --size 48M",
      after: "ktaskctl verify /dev/hugepages/vm1 --size 32M; test $(stat -c %s /dev/hugepages/vm1) = 50331648"),
    Run(
      name: "ktaskctl-compare.8: ktaskctl clear --size 512M --runs 7 --export-json a.json",
      after: "grep -q '<svg' both.svg"),
    Run(name: "ktaskctl-topology.8: ktaskctl topology"),
    Run(name: "ktaskctl-topology.8: ktaskctl topology --measure"),
    Run(
      name: "ktaskctl-verify.8: ktaskctl verify /dev/hugepages/vm1 --page-size 2M --nodes 0 && echo yes", before: vm1),
    Run(name: "ktaskctl-verify.8: ktaskctl verify /dev/hugepages/vm1 --zero --quiet", before: vm1),
    Run(
      name: "ktaskctl-verify.8: ktaskctl verify /dev/shm/cache --json | jq '.files[].pages_by_node'",
      before: "ktaskctl prefault /dev/shm/cache --size 32M", needs: ["jq"]),
    Run(name: "ktaskctl.8: ktaskctl clear --size 8G"),
    Run(
      name: "ktaskctl.8: echo 4096 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", after: stop,
      changes: [("4096", "$POOL"), ("...", quick)], needs: [machine]),
    Run(name: "ktaskctl.8: ktaskctl prefault /dev/shm/cache --size 64G --dry-run", after: "test ! -e /dev/shm/cache"),
    Run(name: "ktaskctl.8: ktaskctl --generate-completion-script bash"),
    Run(name: "README.md: ktaskctl clear --size 4G"),
    Run(
      name: "README.md: ktaskctl topology",
      after: "grep -q '</svg>' sweep.svg; grep -q '\"results\"' sweep.json"),
  ]

  static let notRun = [
    "ktaskctl-recipes.7: <devices>": "LibvirtTests",
    "ktaskctl-recipes.7: [Service]": "a part of a unit: RunProcessTests for what it starts",
    "ktaskctl-stock.8: --size 8G --count 4 --grow-pool": "settings of a unit: StockServiceTests",
    "ktaskctl-run.8: {": "a report: RunReportTests",
    "ktaskctl-pin.8: lspci -nn | grep Ethernet": "a network card behind an IOMMU: VFIOTests, in a guest machine",
    "ktaskctl-prefault.8: [Service]": "a part of a unit: UnitTests, and make deb-check under a systemd",
    "ktaskctl-recipes.7: start-vm vm1 8 -device vfio-pci,host=01:00.0": "a device behind an IOMMU; the page says so",
    "ktaskctl-recipes.7: FILES=/dev/shm/cache": "settings of a unit: make deb-check",
    "ktaskctl-recipes.7: [Unit]": "a part of a unit: make deb-check",
    "ktaskctl-recipes.7: ktaskctl prefault /dev/hugepages/vm1 --size 8G": "cloud-hypervisor; the page says so",
    "ktaskctl-recipes.7: <memoryBacking>": "LibvirtTests",
    "ktaskctl-topology.8: systemd-run --pty -p CPUQuota=150% ktaskctl topology": "a systemd that runs the machine",
    "README.md: Sources/CLinux          what Swift's Glibc module cannot see": "no command",
    // blocks with a name
    "README.md: install": "make deb-check",
    "README.md: mount": "make deb-check",
    "README.md: start-vm": "RecipeTests, make deb-check",
    "README.md: stop-vm": "RecipeTests, make deb-check",
    "README.md: machine": "make deb-check",
    "README.md: Package.swift": "make consumer-check",
    "README.md: main.swift": "make consumer-check",
    "README.md: ready.c": "LibKTaskTests",
    "README.md: compile": "LibKTaskTests compiles it against the library as it is built",
    "README.md: ready.py": "LibKTaskTests",
    "ktask.3: cc -o program program.c $(pkg-config --cflags --libs ktask)": "no program; LibKTaskTests compiles some",
  ]
}
