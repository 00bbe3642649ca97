import Testing

extension ProgramTests {
  /// What decides whether there are helpers at all, seen from outside of the program.
  @Suite("Places for helpers", .enabled(if: Host.isRoot && Host.cpus >= 2, "\(Host.needsRoot), and two CPUs"))
  struct HelperPlaceTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static let words = ["clear", "--size", "256M", "--runs", "1", "--json"]

    @Test(
      "are counted over all processes for every user, though root's umask hides what root makes",
      .enabled(if: Host.hasOrdinaryUser, "\(Host.needsOrdinaryUser)"))
    func everyUser() throws {
      let program = try scratch.programForAll()
      // a /run that nobody else sees, and a root that keeps its files to itself
      let script = "mount -t tmpfs none /run && umask 077 && \"$1\" topology > /dev/null && shift && exec \"$@\""
      let under = ["unshare", "--mount", "sh", "-c", script, "sh", program] + Host.ordinaryUser
      let ended = try Child(under + [program] + Self.words).end()
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.plan?.helpers.machineWide == true)
      #expect(document.results.last?.helpers.count == 2)
    }

    /// Each of the locks is a run of its own, and one place is left free: all of them would be counted.
    @Test(
      "cost a few calls, however many locks a user has on their file, and then there are no helpers",
      .enabled(if: Host.hasOrdinaryUser && Host.canTrace, "\(Host.needsOrdinaryUser); \(Host.needsTrace)"))
    func manyLocks() throws {
      let log = scratch.file("log")
      let script = """
        mount -t tmpfs none /run && "$1" topology > /dev/null && mkfifo /run/held || exit 1
        \(try scratch.attacker().joined(separator: " ")) lock 8000 /run/ktask/helpers > /run/held &
        read -r held < /run/held && [ "$held" = held ] || exit 1
        ulimit -s 512
        strace -f -qq -e trace=fcntl -o \(log) "$@"
        status=$?
        kill $!
        exit $status
        """
      let under = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", script, "bash"]
      let ended = try start(["clear", "--size", "64M", "--runs", "1", "--json"], under: under).end()
      #expect(ended.status == 0, "\(ended.err)")
      #expect(try ended.document().results.allSatisfy { $0.helpers.count == 1 || $0.threads > 1 })
      let calls = Host.text(log).split(separator: "\n").count { $0.contains("F_OFD_") }
      // two looks for each of a few tasks
      #expect((1..<40 * (Host.cpus + 1)).contains(calls), "\(calls) calls")
    }

    /// What kernels before 3.15 answer, and file systems without locks.
    @Test(
      "are counted within the process where the kernel has no such locks, and the plan says so",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"), arguments: ["EINVAL", "ENOLCK", "ENOSYS"])
    func withoutLocks(errno: String) throws {
      let ended = try start(Self.words, under: Traced.failing("fcntl", errno, when: "1+")).end()
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.plan?.helpers.machineWide == false)
      #expect(document.results.last?.helpers.count == 2)
    }

    /// A machine that can choose no speed gets a CPU that can, where nobody else sees it.
    @Test("are not looked for while a CPU is set to save energy, unless --ignore-power-policy is given")
    func savesEnergy() throws {
      let cpu = "/sys/devices/system/cpu/cpu0"
      let script = """
        cp -r \(cpu)/topology \(scratch.path) && mount -t tmpfs none \(cpu) && mv \(scratch.path)/topology \(cpu) &&
        mkdir \(cpu)/cpufreq && cd \(cpu)/cpufreq && echo powersave > scaling_governor && echo intel_pstate > scaling_driver &&
        echo power > energy_performance_preference && cd / && exec "$@"
        """
      let under = ["unshare", "--mount", "sh", "-c", script, "sh"]
      let topology = try ktaskctl("topology", under: under)
      if topology.status != 0 { try Test.cancel("nothing can be mounted over \(cpu): \(topology.err)") }
      let told = topology.out.withoutColumns
      #expect(told.contains("\npower policy: energy-conscious: CPU 0, energy_performance_preference power\n"))
      #expect(told.contains("\nthreads: 1\n") && told.contains("\n bound: power policy: 1\n"))

      let alone = try #require(try start(Self.words, under: under).end().document().plan)
      #expect(alone.threads == [1])
      #expect(alone.bounds.filter { $0.what == "power policy" }.map(\.threads) == [1])
      let ignoring = try start(Self.words + ["--ignore-power-policy"], under: under).end().document()
      #expect(ignoring.plan?.threads == [1, 2])
      #expect(ignoring.plan?.bounds.contains { $0.what == "power policy" } == false)
      #expect(ignoring.results.last?.helpers.count == 2)
    }
  }
}
