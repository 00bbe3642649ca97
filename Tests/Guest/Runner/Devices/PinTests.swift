/// pin with mlock: what the kernel counts as locked while it runs.
let pinTests: [GuestTest] = [
  GuestTest("pin locks as much as it is told, and the kernel counts it") { test in
    let held = try HeldPin(["--size", "128M"])
    test.expect(held.counted("VmLck") == 128 << 20, "VmLck is \(held.counted("VmLck"))")
    let told = held.document["verified"]["locked_bytes"].int
    test.expect(told == 128 << 20, "it tells \(told ?? -1)")
    let ended = try held.end()
    test.expect(ended.status == 0, "status \(ended.status): \(ended.errors)")
  },
  GuestTest("pin beyond RLIMIT_MEMLOCK without CAP_IPC_LOCK is refused with status 4") { test in
    let run = try Program.ktaskctl(
      ["pin", "--size", "2M"], in: Surroundings(lockedMemory: 1 << 20, user: 65534))
    test.expect(run.status == 4, "status \(run.status): \(run.errors)")
    test.expect(run.errors.contains("RLIMIT_MEMLOCK"), run.errors)
  },
]
