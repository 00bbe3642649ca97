import Dispatch
import Glibc
import KTask
import LinuxSystem

extension Part {
  static let engine = Part(
    name: "engine", title: "KTask's cost per task and chunk, against DispatchQueue.concurrentPerform and OpenMP",
    measure: measureEngine)
}

/// Time that passes on the CPU alone: no clock is read, no memory touched.
private struct BusyLoop {
  let turns: Int

  /// Calibrated once; the best of a few tries is the machine undisturbed.
  static let turnsPerSecond: Double = {
    let trial = BusyLoop(turns: 2_000_000)
    let best = (0..<20).map { _ in seconds { trial.run() } }.min()!
    return Double(trial.turns) / best
  }()

  init(turns: Int) { self.turns = turns }
  init(seconds: Double) { self.init(turns: Int(seconds * Self.turnsPerSecond)) }

  /// `seed` keeps the compiler from doing the loop once for several calls.
  @inline(never)
  func run(_ seed: Int = 0) {
    var state = UInt64(truncatingIfNeeded: seed)
    for _ in 0..<turns { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
    // never so, but the compiler cannot know and keeps the loop
    if state == 42 { fatalError() }
  }
}

private struct BusyWork: TaskWork {
  enum Failure: Error {}
  let iterator = IntegerIterator<Int>()
  let loop: BusyLoop

  func run(from start: Int, to end: Int) throws(Failure) {
    for chunk in start..<end { loop.run(chunk) }
  }
}

/// One size of task, done in several ways.
private struct Job {
  let chunks: Int
  let loop: BusyLoop
  let control: TaskControl
  let threads: Int

  init(chunks: Int, seconds: Double, threads: Int) {
    self.chunks = chunks
    loop = BusyLoop(seconds: seconds)
    // every chunk a unit, and as many threads as Dispatch uses
    var control = TaskControl(minimumChunk: 1)
    control.maximumChunk = 1
    control.threads = .exactly(threads)
    self.control = control
    self.threads = threads
  }

  var ways: [(name: String, run: () throws -> Void)] {
    let all: [(name: String, run: () throws -> Void)] = [
      ("serial", { for chunk in 0..<chunks { loop.run(chunk) } }),
      ("KTask", { _ = try control.run(BusyWork(loop: loop), start: 0, size: chunks) }),
      ("Dispatch", { DispatchQueue.concurrentPerform(iterations: chunks) { loop.run($0) } }),
    ]
    guard let library = OpenMP.library else { return all }
    return all + [("OpenMP", { library.run(chunks, threads: threads) { loop.run($0) } })]
  }
}

/// How the tasks of a sample follow each other.
private enum Rhythm: String, CaseIterable {
  case backToBack = "back to back"
  case paused = "2 ms after each other"

  /// The mean time of `count` tasks.
  func time(_ count: Int, _ task: () throws -> Void) rethrows -> Double {
    // what the contestant before left awake goes to sleep, then this one's threads wake
    usleep(1000)
    try task()
    if self == .backToBack { return try seconds { for _ in 0..<count { try task() } } / Double(count) }
    var sum = 0.0
    for _ in 0..<count {
      usleep(2000)
      sum += try seconds(of: task)
    }
    return sum / Double(count)
  }
}

private func measureEngine(_ setting: Setting) throws {
  let threads = (try? CPUSet.allowed().count) ?? 1
  if OpenMP.library == nil { print("OpenMP skipped: libgomp.so.1 is not installed.\n") }
  print("TBB skipped: it has no calls for C, and no header of its is needed to build this.\n")
  for rhythm in Rhythm.allCases {
    var rows: [[String]] = []
    var walls: [Double] = []
    for chunk in [1e-6, 1e-5, 1e-4] {
      for chunks in setting.quick ? [10, 100, 1000] : [10, 100, 1000, 10000] {
        let job = Job(chunks: chunks, seconds: chunk, threads: threads)
        let times = try measure(job, rhythm, ideal: chunk * Double(chunks) / Double(threads), setting)
        rows.append(row(chunk, chunks, times, threads))
        walls.append(times[1].median / times[2].median)
      }
    }
    printTable(
      [
        "\(rhythm.rawValue), \(threads) threads", "chunks", "ideal", "KTask", "Dispatch", "OpenMP", "KTask over ideal",
        "Dispatch over ideal", "OpenMP over ideal", "a chunk: KTask", "Dispatch", "OpenMP", "wall, KTask / Dispatch",
      ], rows)
    let worst = walls.max()!
    let dearer = walls.count { $0 > 1.02 }
    printReading(
      "KTask takes \(walls.min()!.fixed(2)) to \(worst.fixed(2)) times Dispatch's wall time; "
        + (dearer == 0
          ? "nowhere more than 2 % longer." : "more than 2 % longer in \(dearer) of \(walls.count) sizes."))
  }
}

private func measure(_ job: Job, _ rhythm: Rhythm, ideal: Double, _ setting: Setting) throws -> [Times] {
  let count = max(1, min(rhythm == .paused ? 10 : 2000, Int(0.02 / ideal)))
  let sample = Double(count) * (4 * ideal + (rhythm == .paused ? 0.006 : 0))
  let rounds = max(5, min(41, Int((setting.quick ? 0.3 : 3) / sample)))
  return try inTurns(
    rounds, job.ways.map { way in Contestant(name: way.name) { try rhythm.time(count, way.run) } })
}

private func row(_ chunk: Double, _ chunks: Int, _ times: [Times], _ threads: Int) -> [String] {
  let ideal = times[0].median / Double(threads)
  /// Of each contestant, and of OpenMP nothing where it is not there.
  func cells(_ text: (Times) -> String) -> [String] {
    let known = times.dropFirst().map(text)
    return known + Array(repeating: "-", count: 3 - known.count)
  }
  return ["\((chunk * 1e6).fixed(0)) µs", "\(chunks)", ideal.asTime] + cells(\.text)
    + cells { ($0.median - ideal).asTime }
    + cells { (($0.median - ideal) / Double(chunks) * 1e9).fixed(0) + " ns" }
    + ["\((times[1].median / times[2].median).fixed(2))x"]
}
