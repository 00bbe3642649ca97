import Foundation
@unsafe @preconcurrency import Glibc
import TestSupport
import Testing

extension ProgramTests {
  @Suite("The recipes of the manual", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
  struct RecipeTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    @Test("ensure_vm_memory makes memory ready, and the second time finds it")
    func ensure() throws {
      let file = try scratch.tmpfs(mebibytes: 80) + "/vm"
      let recipe = try Recipe("ensure-vm-memory", scratch)
      for _ in 1...2 {
        let ended = try recipe.source("ensure_vm_memory \(file) 64M")
        #expect(ended.status == 0 && ended.out == "", "\(ended.err)")
        #expect(FileFacts(file)?.allocated == 64 << 20)
      }
    }

    @Test("ensure_vm_memory says 75 where it is worth another try, and the program's status where not")
    func ensureFails() throws {
      let folder = try scratch.tmpfs(mebibytes: 80)
      let recipe = try Recipe("ensure-vm-memory", scratch)
      #expect(try recipe.source("ensure_vm_memory \(folder)/vm 1G").status == 75, "more than there is")
      let busy = try recipe.source("exec 9>\(folder)/busy; flock 9; ensure_vm_memory \(folder)/busy 64M")
      #expect(busy.status == 75, "somebody else works on it: \(busy.err)")
      #expect(try recipe.source("ensure_vm_memory /dev/null 64M").status == 8, "no file")
    }

    @Test(
      "start-vm starts QEMU on memory that is there, and clears it before the second start",
      .enabled(if: Host.has("qemu-system-x86_64"), "needs qemu-system-x86_64"))
    func startVM() throws {
      try scratch.reserve(512, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      let recipe = try Recipe("start-vm", scratch)
      for _ in 1...2 {
        let machine = try Machine(recipe, scratch, ["vm1", "1"], ["HUGETLBFS=\(folder)"])
        #expect(machine.maps(folder + "/vm1"))
        #expect(FileFacts(folder + "/vm1")?.allocated == 1 << 30)
        #expect(HugePage.mebibytes2.available == 0)
        let content = try Content(folder + "/vm1")
        #expect(content.isZero(512 << 20..<1 << 30), "what was written before is gone")
        content.write(512 << 20..<516 << 20)
      }
    }

    @Test(
      "start-vm ends with 75 while its machine runs, and leaves the machine's memory alone",
      .enabled(if: Host.has("qemu-system-x86_64"), "needs qemu-system-x86_64"))
    func startVMTwice() throws {
      try scratch.reserve(512, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      let recipe = try Recipe("start-vm", scratch)
      let stop = try Recipe("stop-vm", scratch)
      let variables = ["HUGETLBFS=\(folder)"]
      let content: Content
      do {
        let machine = try Machine(recipe, scratch, ["vm1", "1"], variables)
        #expect(machine.maps(folder + "/vm1"))
        content = try Content(folder + "/vm1")
        content.write(512 << 20..<516 << 20)
        for _ in 1...2 {
          let again = try recipe.run(["vm1", "1", "-nodefaults", "-display", "none", "-S"], variables: variables)
          #expect(again.status == 75, "\(again.err)")
          #expect(again.err == "start-vm: vm1 runs, or is being started\n")
        }
        let refused = try stop.run(["vm1"], variables: variables)
        #expect(refused.status == 75 && refused.err == "stop-vm: vm1 runs, or is being started\n")
        #expect(content.isWritten(512 << 20..<516 << 20))
      }
      // the machine has gone, and with it the lock; but this test has its memory
      let other = try recipe.run(["vm1", "1"], variables: variables)
      #expect(other.status == 75, "\(other.err)")
      #expect(other.err.contains("process \(getpid()) ("))
      #expect(content.isWritten(512 << 20..<516 << 20))
    }

    @Test(
      "stop-vm gives a machine's pages back to the pool, and to the kernel what it was raised by; the second time it has nothing to do",
      arguments: [32, 12])
    func stopVM(reserved: Int) throws {
      try scratch.reserve(reserved, of: .mebibytes2)
      let total = HugePage.mebibytes2.total
      let folder = try scratch.hugetlbfs(.mebibytes2)
      let stop = try Recipe("stop-vm", scratch)
      #expect(try ktaskctl("prefault", folder + "/vm1", "--size", "64M", "--grow-pool").status == 0)
      #expect(HugePage.mebibytes2.available == 0 && HugePage.mebibytes2.total == total + 32 - reserved)
      for _ in 1...2 {
        let ended = try stop.run(["vm1"], variables: ["HUGETLBFS=\(folder)"])
        #expect(ended.status == 0 && ended.out == "" && ended.err == "")
        #expect(FileFacts(folder + "/vm1") == nil)
        #expect(HugePage.mebibytes2.available == reserved && HugePage.mebibytes2.total == total)
      }
    }

    @Test("start-vm says how to mount hugetlbfs where that is not mounted, and makes nothing there")
    func notMounted() throws {
      let folder = try scratch.tmpfs(mebibytes: 8)
      let ended = try Recipe("start-vm", scratch).run(["vm1", "1"], variables: ["HUGETLBFS=\(folder)"])
      #expect(ended.status == 1)
      #expect(ended.err == "start-vm: try: mount -t hugetlbfs -o pagesize=2M none \(folder)\n")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    @Test("the README has the manual's scripts, word for word", arguments: ["start-vm", "stop-vm"])
    func readme(name: String) throws {
      let there = try #require(Example.all.first { $0.page == "README.md" && $0.block == name })
      let here = try tool(
        Checkout.folder.path + "/Tests/recipe.sh", Checkout.folder.path + "/man/ktaskctl-recipes.7", name)
      #expect(there.lines.joined(separator: "\n") == here.trimmingCharacters(in: .newlines))
    }

    @Test(
      "of two that call start-vm at the same time one starts, and the other ends with 75",
      .enabled(if: Host.has("qemu-system-x86_64"), "needs qemu-system-x86_64"))
    func startVMAtOnce() throws {
      try scratch.reserve(512, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      let recipe = try Recipe("start-vm", scratch)
      let options = ["-nodefaults", "-display", "none", "-S"]
      let both = try (1...2).map { _ in try recipe.start(["vm1", "1"] + options, variables: ["HUGETLBFS=\(folder)"]) }
      both[0].wait { both.contains(where: \.hasEnded) }
      let (refused, machine) = both[0].hasEnded ? (both[0], both[1]) : (both[1], both[0])
      #expect(refused.end().status == 75)
      machine.wait { Host.text("/proc/\(machine.pid)/maps").contains(folder + "/vm1") }
      #expect(!machine.hasEnded)
      machine.kill()
    }

    @Test(
      "start-vm-stock takes a file that is ready, and one that was given back comes cleared",
      .enabled(if: Host.has("qemu-system-x86_64"), "needs qemu-system-x86_64"))
    func startVMFromStock() throws {
      try scratch.reserve(512, of: .mebibytes2)
      let folder = try scratch.hugetlbfs(.mebibytes2)
      let stock = folder + "/stock"
      try tool("mkdir", "--mode", "700", stock)
      let recipe = try Recipe("start-vm-stock", scratch)
      for number in 1...2 {
        if number == 2 { #expect(try ktaskctl("release", folder + "/vm1", "--to", stock).status == 0) }
        #expect(try ktaskctl("stock", stock, "--size", "1G").status == 0)
        let inode = try tool("sh", "-c", "stat -c %i \(stock)/ready-1G-any-*")
        let machine = try Machine(recipe, scratch, ["vm1", "1"], ["HUGETLBFS=\(folder)"])
        #expect(machine.maps(folder + "/vm1"))
        #expect(try tool("stat", "-c", "%i", folder + "/vm1") == inode)
        let content = try Content(folder + "/vm1")
        #expect(content.isZero(512 << 20..<1 << 30), "what was written before is gone")
        content.write(512 << 20..<516 << 20)
        withExtendedLifetime(machine) {}
      }
    }

    @Test(
      "start-vm-memfd starts QEMU on a memfd that is there, and nothing is left of it",
      .enabled(if: Host.has("qemu-system-x86_64"), "needs qemu-system-x86_64"))
    func startVMOnMemfd() throws {
      try scratch.reserve(512, of: .mebibytes2)
      let recipe = try Recipe("start-vm-memfd", scratch)
      do {
        let machine = try Machine(recipe, scratch, ["1"], [])
        #expect(machine.maps("/memfd:"))
        #expect(HugePage.mebibytes2.available == 0)
      }
      #expect(HugePage.mebibytes2.available == 512)
    }

    @Test(
      "start-vm-and-fill has QEMU run, and ends when its memory is there",
      .enabled(if: Host.has("qemu-system-x86_64"), "needs qemu-system-x86_64"))
    func startVMAndFill() throws {
      try scratch.reserve(512, of: .mebibytes2)
      let recipe = try Recipe("start-vm-and-fill", scratch)
      let options = ["vm1", "1", "-nodefaults", "-display", "none"]
      let ended = try recipe.run(options, variables: ["RUN=\(scratch.path)"])
      #expect(ended.status == 0 && ended.out == "", "\(ended.err)")
      let pid = try #require(pid_t(Host.text(scratch.file("vm-vm1.pid"))))
      scratch.finally { Machine.end(pid) }
      #expect(HugePage.mebibytes2.free == 0)
      let again = try recipe.run(options, variables: ["RUN=\(scratch.path)"])
      #expect(again.status != 0 && kill(pid, 0) == 0, "it runs already")
    }

    @Test("a program that maps a file that was made ready makes no page, and has no page fault")
    func mapping() throws {
      let folder = try scratch.tmpfs(mebibytes: 150)
      // first, so that none is for the pages of this test's own code
      try tool("truncate", "--size", "64M", folder + "/empty")
      #expect(try Faults.writing(folder + "/empty", 0) >= 32, "the count counts: at least one for 2 MiB")
      #expect(FileFacts(folder + "/empty")?.allocated == 64 << 20)
      #expect(try ktaskctl("prefault", folder + "/cache", "--size", "64M").status == 0)
      #expect(try Faults.writing(folder + "/cache", MAP_POPULATE) == 0)
      #expect(FileFacts(folder + "/cache")?.allocated == 64 << 20)
    }
  }
}

/// A QEMU that a recipe has started, in the background and stopped before the first instruction.
private final class Machine {
  private let pid: pid_t

  init(_ recipe: Recipe, _ scratch: Scratch, _ words: [String], _ variables: [String]) throws {
    let number = scratch.file("qemu.pid")
    let options = ["-nodefaults", "-display", "none", "-S", "-daemonize", "-pidfile", number]
    let ended = try recipe.run(words + options, variables: variables)
    guard ended.status == 0, let pid = pid_t(Host.text(number)) else {
      throw Failure("QEMU does not start: \(ended.status): \(ended.err)")
    }
    self.pid = pid
  }

  deinit { Self.end(pid) }

  static func end(_ pid: pid_t) {
    kill(pid, SIGKILL)
    while kill(pid, 0) == 0 { usleep(1000) }
  }

  func maps(_ path: String) -> Bool { Host.text("/proc/\(pid)/maps").contains(path) }
}

/// Page faults of the calling thread.
private enum Faults {
  /// Maps all of a file, and writes a byte into each page.
  static func writing(_ path: String, _ flags: Int32) throws -> Int {
    let file = unsafe open(path, O_RDWR | O_CLOEXEC)
    defer { close(file) }
    let bytes = FileFacts(path)?.size ?? 0
    let start = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | flags, file, 0)
    guard unsafe start != MAP_FAILED, let start = unsafe start else { throw Failure("\(path) cannot be mapped") }
    defer { unsafe munmap(start, bytes) }
    let before = count()
    for at in stride(from: 0, to: bytes, by: 4096) { unsafe start.storeBytes(of: 1, toByteOffset: at, as: UInt8.self) }
    return count() - before
  }

  private static func count() -> Int {
    let thisThread: Int32 = 1  // RUSAGE_THREAD, which Swift does not import
    var usage = rusage()
    unsafe getrusage(thisThread, &usage)
    return usage.ru_minflt + usage.ru_majflt
  }
}
