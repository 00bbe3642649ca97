import Glibc

/// Memory that the machine has found broken, made up by madvise(MADV_HWPOISON), which Debian's kernels do not have.
let hardwareTests: [GuestTest] = [
  GuestTest("a page that the hardware has given up ends clear with status 5, which names it", on: [.iommufd]) { test in
    try Scratch.file(in: "/dev/shm") { path in
      let made = try Program.ktaskctl(["prefault", path, "--size", "16M", "-q"])
      try test.demand(made.status == 0, "status \(made.status): \(made.errors)")
      try Pages.poison(path, offset: 8 << 20)
      let run = try Program.ktaskctl(["clear", path, "--runs", "1", "--warmup", "0", "--json"])
      test.expect(run.status == 5, "status \(run.status): \(run.errors)")
      let error = try run.document()["errors"][0]
      test.expect(error["exit_status"].int == 5 && error["path"].string == path, "\(error)")
    }
  }
]
