// The tests that run inside a guest machine, and its benchmarks. `make test-guest` and `make bench-guest` build this
// statically, boot the guests with it, and read what it says (Report.swift) on the second serial port.
//
// To add tests: a file here with `let somethingTests: [GuestTest] = [ … ]`, named in AllTests.swift. A test is a
// sentence, the machines it is for (all, unless it says so), and a body that is given a `Test`:
//
//     GuestTest("prefault puts a file on the node asked for") { test in
//       let run = try Program.ktaskctl(["prefault", path, "--size", "64M", "--nodes", "1", "--json"])
//       try test.expect(run.status == 0, "status \(run.status): \(run.errors)")
//       try test.expect(Pages.nodes(of: path, pageSize: .base) == [1: 16384], "…")
//     }
//
// `expect` notes what does not hold and goes on, `demand` ends the test there, `skip` ends it with a reason why it cannot
// run. Ask the kernel (Pages, Pools, `Files.read`), not ktaskctl, what was done. Tests run one after the other, as root,
// with 2 MiB and 1 GiB pages, hugetlbfs at /dev/hugepages and /dev/hugepages1G, tmpfs at /dev/shm, cgroup v2 at
// /sys/fs/cgroup, and the edu devices bound to vfio-pci (see ../init, which runs this as its child). `Scratch` gives
// pools and files that go away by themselves.

import CGuest
import Glibc

let words = Array(CommandLine.arguments.dropFirst())
if ["test", "bench", "self-test"].contains(words.first) {
  Heartbeat.start()
  Report.write(Speed.sentence)
}

let only = words.dropFirst(2).first
switch (words.first, words.dropFirst().first.flatMap(GuestMachine.init)) {
case ("test", let machine?): exit(TestRun(allTests, on: machine, only: only).run() ? 0 : 1)
case ("bench", let machine?): exit(Bench.run(on: machine, only: only) ? 0 : 1)
case ("self-test", _): exit(TestRun(selfTests, on: .twoNodes).run() ? 0 : 1)
// ends the machine: 0 for passed
case ("end", _):
  Report.drain()
  exit(cguest_end_machine(words.last == "0" ? 0 : 1))
case ("poison", _): Pages.poisonAndDie(words[1], offset: Int(words[2]) ?? 0)
case ("as", _): Surroundings.enterAndExec(Array(words.dropFirst()))
default:
  Report.write("usage: ktask-guest test|bench MACHINE")
  exit(64)
}
