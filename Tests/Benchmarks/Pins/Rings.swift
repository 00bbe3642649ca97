import Glibc
import LinuxSystem

extension Part {
  static let rings = Part(
    name: "rings", title: "2 MiB pages registered with io_uring, on one ring and on as many as ktaskctl takes",
    measure: measureRings)
}

/// Gives the programs that `body` starts so few descriptors that ktaskctl makes one ring.
private func withOneRing<Result>(_ body: () throws -> Result) throws -> Result {
  // 64 are left for everything else
  let few: rlim_t = 65
  var before = rlimit()
  guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0 else { throw Errno(errno) }
  var limit = before
  limit.rlim_cur = few
  guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { throw Errno(errno) }
  defer { unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) }
  return try body()
}

/// One thread, so that what the rings' locks cost does not come into it: what is left is the kernel's comparing each
/// huge page with those that the ring has, to count none twice.
private func measureRings(_ setting: Setting) throws {
  var rows: [[String]] = []
  for share in [4, 2, 1] {
    let bytes = fitting(setting.quick ? 1 << 30 : 8 << 30) / share
    if try HugePages.reserve(bytes) < bytes { throw Skip("there is no \(bytes.asSize) of 2 MiB pages") }
    func pin() throws -> Double {
      let report = try Report.of([
        setting.program, "pin", "--with", "io_uring", "--size", "\(bytes)", "--page-size", "2M", "--threads", "1",
        "--runs", "1", "--warmup", "1",
      ])
      return report.results[0].times[0]
    }
    let times = try inTurns(
      setting.quick ? 3 : 9,
      [
        Contestant(name: "one ring") { try withOneRing(pin) },
        Contestant(name: "many rings") { try pin() },
      ])
    rows.append([
      bytes.asSize, "\(bytes / HugePages.size)", times[0].text, times[1].text,
      "\((times[0].median / times[1].median).fixed(2))x",
    ])
  }
  printTable(["memory", "pages", "one ring", "many rings", "one / many"], rows)
  printReading("where the last column grows with the pages, one ring's accounting is quadratic.")
}
