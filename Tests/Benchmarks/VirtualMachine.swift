import Glibc
import LinuxSystem

extension Part {
  static let vm = Part(
    name: "vm", title: "QEMU's start to its QMP greeting: memory that ktaskctl made ready, against prealloc=on",
    measure: measureVirtualMachine)
}

private let qemu = "qemu-system-x86_64"

/// Starts QEMU on a file, waits for the greeting that it sends when its memory is there, and ends it; the seconds.
private func start(_ file: String, _ bytes: Int, prealloc: String) throws -> Double {
  let memory = "memory-backend-file,id=m,mem-path=\(file),size=\(bytes),share=on,\(prealloc)"
  let words = [
    qemu, "-accel", "tcg", "-machine", "q35,memory-backend=m", "-m", "\(bytes >> 20)M", "-object", memory,
    "-nodefaults", "-display", "none", "-S", "-qmp", "stdio",
  ]
  let (reading, writing) = try Programs.pipe()
  let (input, commands) = try Programs.pipe()
  defer { for end in [reading, input, commands] { close(end) } }
  let began = Clock.now()
  let process = try Programs.start(words, input: input, output: writing)
  close(writing)
  var byte: UInt8 = 0
  let count = unsafe read(reading, &byte, 1)
  let seconds = Double(Clock.now() - began) / 1e9
  kill(process, SIGKILL)
  waitpid(process, nil, 0)
  if count != 1 { throw Skip("\(qemu) did not start") }
  return seconds
}

private func measureVirtualMachine(_ setting: Setting) throws {
  if !Programs.exists(qemu) { throw Skip("\(qemu) is not installed") }
  let bytes = try HugePages.reserve(fitting(setting.quick ? 1 << 30 : 8 << 30))
  let directory = try HugePages.mountFileSystem()
  let file = directory + "/vm"
  CleanUp.add { unsafe unlink(file) }
  let prefault = [setting.program, "prefault", file, "--size", "\(bytes)", "--quiet"]
  var starts: [Double] = []
  var again: [Double] = []
  let times = try inTurns(
    setting.quick ? 3 : 9,
    [
      Contestant(name: "prealloc=on,prealloc-threads=2") {
        defer { unsafe unlink(file) }
        return try start(file, bytes, prealloc: "prealloc=on,prealloc-threads=2")
      },
      Contestant(name: "ktaskctl prefault, then prealloc=off") {
        defer { unsafe unlink(file) }
        let made = try Programs.run(prefault)
        again.append(try Programs.run(prefault))
        let started = try start(file, bytes, prealloc: "prealloc=off")
        starts.append(started)
        return made + started
      },
    ])
  // the first of each did not count
  let alone = Times(Array(starts.dropFirst()))
  let second = Times(Array(again.dropFirst()))
  printTable(
    ["\(bytes.asSize) of 2 MiB pages", "time", "against prealloc=on"],
    [
      ["QEMU with prealloc=on,prealloc-threads=2", times[0].text, "1.00x"],
      ["prefault, then QEMU", times[1].text, "\((times[1].median / times[0].median).fixed(2))x"],
      ["QEMU's start alone", alone.text, "\((alone.median / times[0].median).fixed(2))x"],
      ["a second prefault", second.text, "\((second.median / times[0].median).fixed(2))x"],
    ])
  let perGiB = second.median * 1e3 / (Double(bytes) / 0x1p30)
  printReading(
    "prefault and start take \((times[1].median / times[0].median).fixed(2)) times what QEMU takes by itself; its start "
      + "alone is \((times[0].median / alone.median).fixed(1)) times as quick; to find all there takes "
      + "\(perGiB.fixed(2)) ms a GiB, the program's start included.",
    of: times)
}
