import LinuxSystem

extension Document {
  /// One thread count's measurement: what hyperfine's `--export-json` carries, under its names, and ours.
  struct Result: Encodable, Equatable, Sendable {
    /// The command that measures this thread count again.
    var command: String
    /// Seconds, as all times here.
    var mean: Double
    /// Nil for a single run, and then `null` and not left out, as hyperfine does it.
    @NullWhenNil var stddev: Double?
    var median: Double
    /// CPU seconds of a run, on average, in the program and in the kernel; left out where the kernel does not tell.
    var user: Double?
    var system: Double?
    var min: Double
    var max: Double
    var times: [Double]
    /// One per run.
    var exitCodes: [Int]
    /// `threads`, as text: what a sweep varies.
    var parameters: [String: String]
    var threads: Int
    /// From the median.
    var bytesPerSecond: Double
    /// Against one thread, from the medians; nil where one thread was not measured.
    var speedup: Double?
    /// The speed-up per thread.
    var efficiency: Double?
    /// Half the distance from the fastest to the slowest run as a share of the median; left out for a single run.
    var spread: Double?
    /// Bytes of this process that were resident at most, one per run; left out where that is not known or, of pages of
    /// pools, not counted.
    var memoryUsage: [Int]?
    var helpers: [Helper]
    /// The least number of threads that was as fast as any, where that was found out (`--threads auto`); left out elsewhere.
    var knee: Int?
    /// What was measured for it, in the order of time; where nodes have a knee each, one node's after the other's.
    var steps: [Step]?
    /// What cleared it in place; left out where nothing was.
    var store: StoreUse?

    enum CodingKeys: String, CodingKey {
      case command, mean, stddev, median, user, system, min, max, times, parameters
      case threads, speedup, efficiency, spread, helpers, knee, steps, store
      case memoryUsage = "memory_usage_byte"
      case exitCodes = "exit_codes"
      case bytesPerSecond = "bytes_per_second"
    }
  }

  /// So many threads' throughput for a moment.
  struct Step: Encodable, Equatable, Sendable {
    var threads: Int
    var bytesPerSecond: Double
    /// Whose memory it was; left out where the knee is one of all.
    var node: Int?

    enum CodingKeys: String, CodingKey {
      case threads, node
      case bytesPerSecond = "bytes_per_second"
    }
  }

  /// A way to store zeros, and what was found out of all of them.
  struct StoreUse: Encodable, Equatable, Sendable {
    /// "memset", "rep stosb", "non-temporal".
    var name: String
    /// One thread's, on the first of the work; empty where they were not tried.
    var tried: [Store]

    struct Store: Encodable, Equatable, Sendable {
      var name: String
      var bytesPerSecond: Double

      enum CodingKeys: String, CodingKey {
        case name
        case bytesPerSecond = "bytes_per_second"
      }
    }
  }

  /// What one thread did, over all its chunks.
  struct Helper: Encodable, Equatable, Sendable {
    /// The node it ran on; left out where it was bound to none.
    var node: Int?
    var chunks: Int
    var bytes: Int
    var seconds: Double
  }
}

extension Document.Result {
  /// The measurement of `threads` threads that did `bytes` bytes once in each of `times`; nil without times.
  ///
  /// `oneThread` is one thread's median, where it was measured: what the speed-up is against. A time of zero,
  /// which a clock too coarse may show, gives no rate and no speed-up rather than infinite ones.
  init?(
    command: String, threads: Int, bytes: Int, times: [Double], oneThread: Double?,
    usage: ResourceUsage?, helpers: [Document.Helper] = []
  ) {
    guard let statistics = Statistics(times) else { return nil }
    let median = statistics.median
    let speedup = oneThread.flatMap { median > 0 && $0 > 0 ? $0 / median : nil }
    self.init(
      command: command, mean: statistics.mean, stddev: statistics.stddev, median: median,
      user: usage?.userSeconds, system: usage?.systemSeconds, min: statistics.min, max: statistics.max, times: times,
      exitCodes: times.map { _ in 0 }, parameters: ["threads": "\(threads)"], threads: threads,
      bytesPerSecond: median > 0 ? Double(bytes) / median : 0,
      speedup: speedup, efficiency: speedup.map { $0 / Double(threads) }, spread: statistics.spread, helpers: helpers)
  }

  /// Rate in GiB a second, for readers.
  var gibPerSecond: Double { bytesPerSecond / BinaryUnit.gib }
}
