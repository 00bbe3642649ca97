import Foundation
@unsafe @preconcurrency import Glibc
import Testing

extension ProgramTests {
  /// R4 and R8, seen from outside of the program.
  @Suite("Helpers", .enabled(if: Host.isRoot && Host.cpus >= 2, "\(Host.needsRoot), and two CPUs"))
  struct HelperTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// strace makes each thread's first madvise(2) take a second: the helper's first chunk, and what the caller tries out
    /// before it has a helper.
    private static let slowHelpers = ["strace", "-f", "-qq", "-e", "inject=madvise:delay_enter=1000000:when=1"]
    private static let words = [
      "clear", "--size", "16M", "--page-size", "4K", "--min-chunk", "2M", "--threads", "2", "--runs", "1", "--warmup",
      "0",
    ]

    @Test(
      "run at nice 19 and the caller at its own; the one that is waited for gets the caller's",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func lending() throws {
      let under = Self.slowHelpers + ["-o", "/dev/null", "-e", "trace=madvise"]
      var seen = Sightings()
      // on a busy machine even this helper may be done before the caller is
      for _ in 0..<20 where seen.helpers != [0, 19] {
        let child = try start(Self.words, under: under)
        while !child.hasEnded {
          seen.look(below: child.pid)
          usleep(5000)
        }
        #expect(child.end().status == 0)
      }
      #expect(seen.callers == [0])
      #expect(seen.helpers == [0, 19], "nice 19, and 0 while it is waited for: \(seen)")
    }

    @Test(
      "run alone at the caller's priority: the caller sleeps from the moment that it lends",
      .enabled(if: Host.canTrace, "\(Host.needsTrace)"))
    func callerSleeps() throws {
      let calls = scratch.file("calls")
      let under = Self.slowHelpers + ["-o", calls, "-e", "trace=madvise,setpriority,sched_yield,futex"]
      var next: [String] = []
      for _ in 0..<20 where next.isEmpty {
        #expect(try start(Self.words, under: under).end().status == 0)
        next += callsAfterLoans(Host.text(calls).split(separator: "\n"))
      }
      #expect(!next.isEmpty && next.allSatisfy { $0 == "futex" }, "\(next)")
    }

    /// What the thread that lent called next, by the lines of strace: wherever the helper was still in the chunk that strace
    /// delays. One that was done meanwhile is not waited for.
    private func callsAfterLoans(_ lines: [Substring]) -> [String] {
      lines.indices.compactMap { index in
        let words = lines[index].split(whereSeparator: \.isWhitespace)
        // “12 setpriority(PRIO_PROCESS, 34, 0) = 0”; a thread that sets its own value says 0, not 34
        guard words.count > 3, words[1] == "setpriority(PRIO_PROCESS,", words[2] != "0,", words[3] == "0)" else {
          return nil
        }
        let later = lines[(index + 1)...]
        guard let next = later.firstIndex(where: { $0.hasPrefix(words[0] + " ") }),
          let reported = later.firstIndex(where: { $0.hasPrefix(words[2].dropLast() + " ") }),
          next < reported, lines[reported].hasSuffix("(DELAYED)")
        else { return nil }
        return String(lines[next].dropFirst(words[0].count).drop { $0 == " " }.prefix { $0 != "(" })
      }
    }

    @Test("get nothing lent where the system forbids it or the user does, and the plan says which way is in use")
    func notLent() throws {
      let program = try scratch.programForAll()
      let words = [program, "clear", "--size", "256M", "--runs", "1", "--json"]
      let tail = { (under: [String], more: [String]) in
        try Child(under + words + more).end().document().plan?.helpers.tail
      }
      #expect(try tail([], []) == "lends")
      #expect(try tail([], ["--no-lend"]) == "retires")
      #expect(try tail([], ["--nice", "0"]) == "equals")
      if !Host.hasOrdinaryUser { try Test.cancel("\(Host.needsOrdinaryUser)") }
      #expect(try tail(["prlimit", "--nice=0"] + Host.ordinaryUser, []) == "retires")
      // not even root may raise the limit everywhere
      let mayRaise = try Child(["prlimit", "--nice=20", "true"]).end().status == 0
      if mayRaise { #expect(try tail(["prlimit", "--nice=20"] + Host.ordinaryUser, []) == "lends") }
    }

    /// Each time the one that has the helper's place is killed, and another takes it. Places are asked of the kernel.
    @Test(
      "leave their place the moment that their process is gone, and another process takes it",
      .enabled(if: Host.cpus < 5, "with more CPUs there are places for all"))
    func killed() throws {
      // short tasks: a place is taken at the beginning of one only
      let words = [
        "clear", "--size", "16M", "--page-size", "4K", "--min-chunk", "8M", "--threads", "auto", "--runs", "10000",
      ]
      var children = try (0..<5).map { _ in try start(words) }
      defer { for child in children { child.kill() } }
      var (delays, starts): ([Double], [Double]) = ([], [])
      for _ in 0..<3 {
        let holder = try #require(awaitHolder(children))
        holder.send(SIGKILL)
        children.removeAll { $0.pid == holder.pid }
        #expect(holder.end().status == -9)
        let gone = Date()
        let next = try #require(awaitHolder(children))
        delays.append(Date().timeIntervalSince(gone))
        #expect(next.pid != holder.pid)
        starts.append(try Child(["true"]).end().seconds)
      }
      // From the process's end, since a helper at nice 19 must get a CPU to die. The next one takes the place when its next
      // task begins: where five share a few CPUs one delay may be anything, two of three are not. How long anything takes here is told by
      // a program that does nothing.
      #expect(delays.sorted()[1] < max(0.1, 20 * starts.max()!), "\(delays), where a program takes \(starts)")
      #expect(children.allSatisfy { !$0.hasEnded })
    }

    private func awaitHolder(_ children: [Child]) -> Child? {
      var holder: Child?
      children[0].wait {
        holder = children.first { holdsPlace($0.pid) }
        return holder != nil
      }
      return holder
    }

    /// By the locks that the kernel tells with the open file (proc_pid_fdinfo(5)).
    private func holdsPlace(_ pid: pid_t) -> Bool {
      let folder = "/proc/\(pid)/fd"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      let place = names.first {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == "/run/ktask/helpers"
      }
      return place.map { Host.text("/proc/\(pid)/fdinfo/\($0)").contains("OFDLCK") } ?? false
    }

    /// The script sets /run up anew where nobody else sees it.
    @Test(
      "are counted within the process where there is no file to share, and the work is done all the same",
      arguments: [
        ("mount -t tmpfs -o nr_inodes=1 none /run", true, false),
        ("mount -t tmpfs -o size=4k none /run && head -c 4096 /dev/zero > /run/full", true, true),
        ("mount -t tmpfs none /run && mkdir /run/ktask && echo rubbish > /run/ktask/helpers", true, true),
        (
          "mount -t tmpfs none /run && mkdir /run/ktask && touch /run/ktask/helpers && chmod 0 /run/ktask/helpers",
          false, false
        ),
        ("mount -t tmpfs none /run", false, false),
      ] as [(String, Bool, Bool)])
    func withoutPlaces(script: String, isRoot: Bool, isMachineWide: Bool) throws {
      let program = try scratch.programForAll()
      let user = isRoot ? [] : Host.ordinaryUser
      if !isRoot && !Host.hasOrdinaryUser { try Test.cancel("\(Host.needsOrdinaryUser)") }
      let words =
        ["unshare", "--mount", "sh", "-c", script + " && exec \"$@\"", "sh"] + user
        + [program, "clear", "--size", "256M", "--runs", "1", "--json"]
      let ended = try Child(words).end()
      #expect(ended.status == 0, "\(ended.err)")
      let document = try ended.document()
      #expect(document.plan?.helpers.machineWide == isMachineWide)
      #expect(document.results.last?.helpers.count == 2)
      #expect(document.verified?.zero == true)
    }
  }
}

/// What /proc told of a program's threads.
private struct Sightings {
  var callers: Set<Int> = []
  var helpers: Set<Int> = []

  /// At the child of `pid`, which is strace, and its threads.
  mutating func look(below pid: pid_t) {
    for child in Host.text("/proc/\(pid)/task/\(pid)/children").split(separator: " ") {
      let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(child)/task")) ?? []
      for task in tasks { look("/proc/\(child)/task/\(task)", isCaller: task == child) }
    }
  }

  private mutating func look(_ path: String, isCaller: Bool) {
    let name = Host.text(path + "/comm")
    let text = Host.text(path + "/stat")
    // what follows the name, which may contain anything: the state, and the 19th field of all
    guard let end = text.lastIndex(of: ")") else { return }
    let fields = text[end...].split(separator: " ").dropFirst()
    guard fields.count > 17, let nice = Int(fields[fields.startIndex + 16]) else { return }
    if isCaller && name == "ktaskctl" { callers.insert(nice) }
    if name == "ktask helper" { helpers.insert(nice) }
  }
}
