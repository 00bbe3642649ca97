import LinuxSystem

extension Part {
  static let run = Part(
    name: "run", title: "programs as they are, alone and under `ktaskctl run`", measure: measureRun)
}

private let qemu = "qemu-system-x86_64"

/// A program, and how much slower it may be that nothing is made parallel of.
private struct Row {
  let name: String
  let command: [String]
  let rounds: Int

  /// Python's mmap and the C library's calls: no compiler is needed.
  static func python(_ name: String, _ call: String, rounds: Int) -> Row {
    let script = """
      import ctypes
      c = ctypes.CDLL(None)
      c.mmap.restype = ctypes.c_void_p
      c.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
      c.mlock.argtypes = c.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
      \(call)
      """
    return Row(name: name, command: ["python3", "-c", script], rounds: rounds)
  }

  /// Its monitor's words are on the input: it ends when its memory is there.
  static func machine(_ name: String, _ options: [String], rounds: Int) -> Row {
    let words = [qemu, "-accel", "tcg", "-nodefaults", "-display", "none", "-S", "-monitor", "stdio"] + options
    return Row(name: name, command: ["sh", "-c", "echo quit | \"$@\"", "sh"] + words, rounds: rounds)
  }
}

private func rows(_ setting: Setting) -> [Row] {
  let bytes = fitting(setting.quick ? 1 << 30 : 4 << 30)
  let rounds = setting.quick ? 3 : 9
  let anonymous = "0x22"  // MAP_PRIVATE | MAP_ANONYMOUS
  let small =
    "for i in range(\(setting.quick ? 10_000 : 1_000_000)): c.munmap(c.mmap(None, 4096, 3, \(anonymous), -1, 0), 4096)"
  let all = [
    Row.python(
      "mlock of \(bytes.asSize)", "assert c.mlock(c.mmap(None, \(bytes), 3, \(anonymous), -1, 0), \(bytes)) == 0",
      rounds: rounds),
    .python(
      "MAP_POPULATE of \(bytes.asSize)", "c.mmap(None, \(bytes), 3, \(anonymous) | 0x8000, -1, 0)", rounds: rounds),
    .python("small mmaps, which are left alone", small, rounds: 3),
    // ktaskctl's own start is in it once
    Row(name: "/bin/true", command: ["/bin/true"], rounds: setting.quick ? 20 : 200),
    Row(
      name: "300 times /bin/true, by a shell",
      command: ["sh", "-c", "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i + 1)); done"],
      rounds: setting.quick ? 3 : 15),
  ]
  if !Programs.exists(qemu) { return all }
  let memory = "memory-backend-ram,id=m,size=\(bytes)"
  let machine = ["-machine", "q35,memory-backend=m", "-m", "\(bytes >> 20)M", "-object"]
  return all + [
    .machine("QEMU, prealloc=on", machine + [memory + ",prealloc=on"], rounds: rounds),
    .machine("QEMU, prealloc-threads=2", machine + [memory + ",prealloc=on,prealloc-threads=2"], rounds: rounds),
    .machine("QEMU, mem-lock=on", machine + [memory, "-overcommit", "mem-lock=on"], rounds: rounds),
  ]
}

private func measureRun(_ setting: Setting) throws {
  if !Programs.exists("python3") { throw Skip("python3 is not installed") }
  let probe = [setting.program, "run", "--dry-run", "--", "/bin/true"]
  guard (try? Programs.run(probe)) != nil else { throw Skip("\(setting.program) run finds no library: make library") }
  var cells: [[String]] = []
  for row in rows(setting) {
    let times = try inTurns(
      row.rounds,
      [row.command, [setting.program, "run", "--"] + row.command].map { command in
        Contestant(name: row.name) { try Programs.run(command) }
      })
    let (alone, under) = (times[0], times[1])
    cells.append([row.name, alone.text, under.text, "\((alone.median / under.median).fixed(2))x"])
    print("\(row.name): \((alone.median / under.median).fixed(2))x")
  }
  print("")
  printTable(["program", "alone", "under run", ""], cells)
}
