import Glibc
import LinuxSystem

extension Part {
  static let startUp = Part(
    name: "start-up", title: "what is around the work: process start to exit, where there is little to do",
    measure: measureStartUp)
}

private func measureStartUp(_ setting: Setting) throws {
  let commands = [
    ["/bin/true"], [setting.program, "--version"], [setting.program, "clear", "--size", "64M", "--quiet"],
  ]
  let names = ["/bin/true", "ktaskctl --version", "ktaskctl clear --size 64M"]
  let times = try inTurns(
    setting.quick ? 20 : 200,
    commands.map { command in Contestant(name: command[0]) { try Programs.run(command) } })
  printTable(["command", "wall time"], zip(names, times).map { [$0, $1.text] })
  printReading("of ktaskctl's time \(times[0].median.asTime) is what any process costs here.", of: times)
  try measureReadyFile(setting)
}

/// A file that needs no work, and one whose pages are given back, which rm(1) does in the kernel's own time.
private func measureReadyFile(_ setting: Setting) throws {
  let bytes = try HugePages.reserve(fitting(setting.quick ? 1 << 30 : 8 << 30))
  let directory = try HugePages.mountFileSystem()
  let file = "\(directory)/vm1"
  CleanUp.add { unsafe unlink(file) }
  let make = ["fallocate", "-l", "\(bytes)", file]
  /// Making the file is not timed.
  func ready(_ name: String, _ command: [String]) -> Contestant {
    Contestant(name: name) {
      if !SystemFiles().exists(file) || FileSize.allocated(file) == 0 { _ = try Programs.run(make) }
      return try Programs.run(command)
    }
  }
  let contestants = [
    ready("ktaskctl --version", [setting.program, "--version"]),
    ready("ktaskctl prefault, of what is ready", [setting.program, "prefault", file, "--size", "\(bytes)"]),
    ready("rm", ["rm", file]),
    ready("ktaskctl release", [setting.program, "release", file, "--quiet"]),
  ]
  let times = try inTurns(setting.quick ? 9 : 41, contestants)
  let against = [0, 0, 2, 2].map { times[$0].median }
  printTable(
    ["\(bytes.asSize) on hugetlbfs, 2 MiB pages", "wall time", "against the one above it"],
    times.indices.map { index in
      let share = index.isMultiple(of: 2) ? "" : "\((times[index].median / against[index]).fixed(2))x"
      return [contestants[index].name, times[index].text, share]
    })
  printReading("that a file is ready is known after \((times[1].median - times[0].median).asTime) more.", of: times)
}

private enum FileSize {
  /// Bytes that a file has, in pages of a pool.
  static func allocated(_ path: String) -> Int {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
  }
}
