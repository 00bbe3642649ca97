import Glibc
import LinuxSystem

extension Part {
  static let knee = Part(
    name: "knee", title: "`--threads auto`, which finds the knee, against each number of threads", measure: measureKnee)
}

/// Work whose knee is known: on a lock that the kernel takes for the whole of a file there is one thread for each file.
struct Kneed {
  let name: String
  let words: [String]
  var files: [String] = []
}

/// What the runs of one contestant needed and found.
private final class Seen {
  var processorSeconds: [Double] = []
  var knees: [Int] = []
}

private func measureKnee(_ setting: Setting) throws {
  let bytes = try HugePages.reserve(fitting(setting.quick ? 1 << 30 : 4 << 30))
  let directory = try HugePages.mountFileSystem()
  let (a, b) = ("\(directory)/a", "\(directory)/b")
  CleanUp.add { for file in [a, b] { unsafe unlink(file) } }
  let (whole, half) = ("\(bytes)", "\(bytes / 2)")
  let fallocate = ["--method", "fallocate"]
  for work in [
    Kneed(name: "fallocate, one hugetlbfs file", words: ["prefault", a, "--size", whole] + fallocate, files: [a]),
    Kneed(name: "fallocate, two files", words: ["prefault", a, b, "--size", half] + fallocate, files: [a, b]),
    Kneed(name: "populate, one hugetlbfs file", words: ["prefault", a, "--size", whole], files: [a]),
    Kneed(
      name: "populate, 4 KiB pages",
      words: ["clear", "--size", whole, "--page-size", "4K", "--runs", "1", "--warmup", "0", "--verify", "none"]),
  ] { try measure(work, setting, rounds: setting.quick ? 3 : 11) }
}

/// The numbers of threads take turns, and those that are found beside them.
func measure(_ work: Kneed, _ setting: Setting, rounds: Int) throws {
  let counts = ["auto"] + doubling(to: Topology.current().onlineCPUs.count).map { "\($0)" }
  let seen = counts.map { _ in Seen() }
  let contestants = zip(counts, seen).map { count, seen in
    Contestant(name: count) {
      defer { for file in work.files { unsafe unlink(file) } }
      let report = try Report.of([setting.program] + work.words + ["--threads", count])
      guard let result = report.results.first, let time = result.times.first else { throw Skip("nothing was measured") }
      seen.processorSeconds.append((result.user ?? 0) + (result.system ?? 0))
      if let knee = result.knee { seen.knees.append(knee) }
      return time
    }
  }
  let times = try inTurns(rounds, contestants)
  let processor = seen.map { Times($0.processorSeconds).median }
  let knees = seen[0].knees.sorted()
  printTable(
    [work.name, "time", "CPU seconds", "knee"],
    counts.indices.map { index in
      let knee = index == 0 ? knees.map { "\($0)" }.joined(separator: " ") : ""
      return ["\(counts[index]) threads", times[index].text, processor[index].fixed(3), knee]
    })
  let best = times.indices.dropFirst().min { times[$0].median < times[$1].median } ?? 0
  printReading(
    "auto takes \((times[0].median / times[best].median).fixed(2)) of the time of the best count, \(counts[best]), and "
      + "\((processor[0] / processor[best]).fixed(2)) of its CPU seconds.", of: times)
}

/// 1, 2, 4 … and the last.
private func doubling(to most: Int) -> [Int] {
  var counts = [1]
  while let last = counts.last, last < most { counts.append(min(most, 2 * last)) }
  return counts
}
