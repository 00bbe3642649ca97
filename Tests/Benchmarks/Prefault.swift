import Glibc
import LinuxSystem

extension Part {
  static let prefault = Part(
    name: "prefault", title: "a hugetlbfs file made resident, against fallocate(1) and QEMU, process start to exit",
    measure: measurePrefault)
}

private let qemu = "qemu-system-x86_64"

private func measurePrefault(_ setting: Setting) throws {
  let bytes = try HugePages.reserve(fitting(setting.quick ? 1 << 30 : 8 << 30))
  let directory = try HugePages.mountFileSystem()
  let file = "\(directory)/vm1"
  CleanUp.add { unsafe unlink(file) }
  let contestants = contestants(setting, file, bytes)
  let times = try inTurns(setting.quick ? 3 : 9, contestants)
  printTable(
    ["\(bytes.asSize) on hugetlbfs, 2 MiB pages", "wall time", "against ktaskctl"],
    zip(contestants, times).map { contestant, time in
      [contestant.name, time.text, "\((time.median / times[0].median).fixed(2))x"]
    })
  let others = zip(contestants, times).dropFirst().filter { !$0.0.name.contains("without prealloc") }
  let faster = others.filter { $0.1.median < times[0].median }
  printReading(
    faster.isEmpty
      ? "nothing here is faster than ktaskctl."
      : "faster than ktaskctl: "
        + faster.map { "\($0.0.name), by \((times[0].median - $0.1.median).asTime)" }.joined(separator: "; ") + ".",
    of: times)
  if others.count == 1 { print("QEMU skipped: \(qemu) is not installed.\n") }
}

private func contestants(_ setting: Setting, _ file: String, _ bytes: Int) -> [Contestant] {
  /// Each run gets a file of its own; taking it away is not timed.
  func fresh(_ name: String, _ run: @escaping () throws -> Double) -> Contestant {
    Contestant(name: name) {
      defer { unsafe unlink(file) }
      return try run()
    }
  }
  let size = "\(bytes)"
  let own = [
    fresh("ktaskctl prefault") {
      try Programs.run([setting.program, "prefault", file, "--size", size, "--quiet"])
    },
    fresh("fallocate -l") { try Programs.run(["fallocate", "-l", size, file]) },
  ]
  if !Programs.exists(qemu) { return own }
  return own
    + [
      ("QEMU prealloc=on,prealloc-threads=2", "prealloc=on,prealloc-threads=2"),
      ("QEMU prealloc=on,prealloc-threads=1", "prealloc=on,prealloc-threads=1"),
      ("QEMU without prealloc (its floor)", "prealloc=off"),
    ].map { name, options in fresh(name) { try startQEMU(file, size, options) } }
}

/// Starts QEMU with the file as memory and lets it quit by QMP as soon as it listens: by then the memory is there.
private func startQEMU(_ file: String, _ size: String, _ options: String) throws -> Double {
  let (reading, writing) = try Programs.pipe(holding: #"{"execute":"qmp_capabilities"}{"execute":"quit"}"#)
  defer { for end in [reading, writing] { close(end) } }
  let memory = "memory-backend-file,id=memory,mem-path=\(file),size=\(size),share=on,\(options)"
  let machine = ["-machine", "none", "-nodefaults", "-display", "none", "-S", "-qmp", "stdio"]
  return try Programs.run([qemu] + machine + ["-object", memory], input: reading)
}
