/// pin with mlock: what the kernel counts as locked while it runs.
let pinTests: [GuestTest] = [
  GuestTest("pin locks as much as it is told, and the kernel counts it") { test in
    let run = try Program(["ktaskctl", "pin", "--size", "128M", "--runs", "1", "--warmup", "0", "--json"])
    var most = 0
    let ended = try run.wait { most = max(most, ProcessFacts.kilobytes("VmLck", of: run.process) ?? 0) }
    try test.demand(ended.status == 0, "status \(ended.status): \(ended.errors)")
    test.expect(most == 128 << 10, "VmLck was \(most) kB at most")
    let told = try ended.document()["verified"]["locked_bytes"].int
    test.expect(told == 128 << 20, "it tells \(told ?? -1)")
  },
  GuestTest("pin beyond RLIMIT_MEMLOCK without CAP_IPC_LOCK is refused with status 4") { test in
    let run = try Program.ktaskctl(
      ["pin", "--size", "2M"], in: Surroundings(lockedMemory: 1 << 20, user: 65534))
    test.expect(run.status == 4, "status \(run.status): \(run.errors)")
    test.expect(run.errors.contains("RLIMIT_MEMLOCK"), run.errors)
  },
]
