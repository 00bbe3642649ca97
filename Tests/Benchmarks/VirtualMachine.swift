import Glibc
import LinuxSystem

extension Part {
  static let vm = Part(
    name: "vm", title: "QEMU's start on memory that ktaskctl made ready, against prealloc=on",
    measure: measureVirtualMachine)
}

private let qemu = "qemu-system-x86_64"

/// A machine of QEMU's whose memory is a file, and whose console is a FIFO.
private struct Machine {
  let file: String
  let bytes: Int
  /// nil: the machine is started, and nothing runs in it.
  let kernel: String?
  let console: String

  init(_ file: String, _ bytes: Int, kernel: String?) throws {
    self.file = file
    self.bytes = bytes
    self.kernel = kernel
    console = "/tmp/ktask-bench-\(getpid()).console"
    let path = console
    CleanUp.add { unsafe unlink(path) }
    guard unsafe mkfifo(console, 0o600) == 0 else { throw Errno(errno) }
  }

  /// Seconds from the process's start to the greeting on its QMP line, which comes when its memory is there, and to the
  /// first line on the guest's console.
  struct Start {
    var greeting: Double
    var line: Double?
  }

  func start(prealloc: String) throws -> Start {
    let memory = "memory-backend-file,id=m,mem-path=\(file),size=\(bytes),share=on,\(prealloc)"
    let guest =
      kernel.map { ["-kernel", $0, "-append", "console=ttyS0 earlyprintk=ttyS0", "-serial", "file:\(console)"] }
      ?? ["-S"]
    // open before QEMU opens its end, and without waiting for that
    let lines = unsafe open(console, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    let (greetings, output) = try Programs.pipe()
    let (input, commands) = try Programs.pipe()
    defer { for end in [lines, greetings, input, commands] { close(end) } }
    let began = Clock.now()
    let process = try Programs.start(
      [
        qemu, "-accel", "tcg", "-machine", "q35,memory-backend=m", "-cpu", "max,la57=off", "-m", "\(bytes >> 20)M",
        "-object", memory, "-nodefaults", "-display", "none", "-qmp", "stdio",
      ] + guest, input: input, output: output)
    close(output)
    defer {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
    var start = Start(greeting: try seconds(since: began, untilLineFrom: greetings))
    if kernel != nil { start.line = try seconds(since: began, untilLineFrom: lines) }
    return start
  }

  private func seconds(since began: UInt64, untilLineFrom file: Int32) throws -> Double {
    var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    var byte: UInt8 = 0
    while byte != UInt8(ascii: "\n") {
      guard unsafe poll(&waiting, 1, 60_000) == 1, unsafe read(file, &byte, 1) == 1 else {
        throw Skip("\(qemu) did not start")
      }
    }
    return Double(Clock.now() - began) / 1e9
  }
}

/// What is measured of one of the two ways, run by run.
private struct Starts {
  var prefault: [Double] = []
  var second: [Double] = []
  var starts: [Machine.Start] = []

  /// The first did not count.
  func times(_ part: (Machine.Start) -> Double?) -> Times? {
    let all = starts.dropFirst().compactMap(part)
    return all.isEmpty ? nil : Times(all)
  }

  /// The same with the prefault before it.
  func timesWithPrefault(_ part: (Machine.Start) -> Double?) -> Times? {
    let all = zip(prefault, starts).dropFirst().compactMap { made, start in part(start).map { made + $0 } }
    return all.isEmpty ? nil : Times(all)
  }
}

private func measureVirtualMachine(_ setting: Setting) throws {
  if !Programs.exists(qemu) { throw Skip("\(qemu) is not installed") }
  let bytes = try HugePages.reserve(fitting(setting.quick ? 1 << 30 : 8 << 30))
  let file = try HugePages.mountFileSystem() + "/vm"
  CleanUp.add { unsafe unlink(file) }
  let machine = try Machine(file, bytes, kernel: environment("KERNEL"))
  let prefault = [setting.program, "prefault", file, "--size", "\(bytes)", "--quiet"]
  var (alone, ours) = (Starts(), Starts())
  let times = try inTurns(
    setting.quick ? 3 : 9,
    [
      Contestant(name: "prealloc=on,prealloc-threads=2") {
        defer { unsafe unlink(file) }
        alone.starts.append(try machine.start(prealloc: "prealloc=on,prealloc-threads=2"))
        return alone.starts.last!.greeting
      },
      Contestant(name: "ktaskctl prefault, then prealloc=off") {
        defer { unsafe unlink(file) }
        ours.prefault.append(try Programs.run(prefault))
        ours.second.append(try Programs.run(prefault))
        ours.starts.append(try machine.start(prealloc: "prealloc=off"))
        return ours.prefault.last! + ours.starts.last!.greeting
      },
    ])
  printStarts(bytes, alone, ours)
  let (start, second) = (ours.times(\.greeting)!, Times(Array(ours.second.dropFirst())))
  printReading(
    "prefault and start take \((times[1].median / times[0].median).fixed(2)) times what QEMU takes by itself to its "
      + "greeting; its start alone is \((times[0].median / start.median).fixed(1)) times as quick; to find all there "
      + "takes \((second.median * 1e3 / (Double(bytes) / 0x1p30)).fixed(2)) ms a GiB, the program's start included.",
    of: times)
  if machine.kernel == nil { print("No guest was booted: KERNEL names none; `make test-guest` fetches one.\n") }
}

private func printStarts(_ bytes: Int, _ alone: Starts, _ ours: Starts) {
  func cells(_ times: Times?, _ base: Times?) -> [String] {
    guard let times, let base else { return ["–", "–"] }
    return [times.text, "\((times.median / base.median).fixed(2))x"]
  }
  let base = (alone.times(\.greeting), alone.times(\.line))
  printTable(
    ["\(bytes.asSize) of 2 MiB pages", "to the QMP greeting", "", "to the guest's first line", ""],
    [
      ["QEMU with prealloc=on,prealloc-threads=2"] + cells(base.0, base.0) + cells(base.1, base.1),
      ["prefault, then QEMU"] + cells(ours.timesWithPrefault(\.greeting), base.0)
        + cells(ours.timesWithPrefault(\.line), base.1),
      ["QEMU's start alone"] + cells(ours.times(\.greeting), base.0) + cells(ours.times(\.line), base.1),
    ])
}
