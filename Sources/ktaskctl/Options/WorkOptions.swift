import ArgumentParser
import MemoryWork

/// Options that every command takes which makes memory ready.
struct WorkOptions: ParsableArguments {
  @Option(help: "How much: 512M, 1.5G, 64GiB, 64Gi; powers of 1024, with KB, MB … of 1000.", transform: ByteSize.parse)
  var size: ByteSize?

  @Option(help: "Pages of 4K, thp, 2M, 1G, or any size the machine has.", transform: PageSizeWord.parse)
  var pageSize: PageSizeWord?

  @Option(help: "Thread counts to measure: auto, all, N, 1,2,4 or 1-8.", transform: ThreadRequest.parse)
  var threads: ThreadRequest?

  @Option(help: "Measured runs for each thread count.")
  var runs: Int?

  @Option(help: "Unmeasured runs for each thread count, before the measured ones.")
  var warmup: Int?

  @OptionGroup var placement: PlacementOptions

  @Option(help: "How pages are made: populate, fallocate, touch; map-cold.")
  var method: MethodWord?

  @Option(help: "How much work makes another thread worth its while.", transform: ByteSize.parse)
  var minChunk: ByteSize = ByteSize(bytes: usualMinimumChunk)

  @OptionGroup var helpers: HelperOptions

  @Option(help: "Give up after 90, 90s or 5m, and undo.", transform: TimeSpan.parse)
  var timeout: TimeSpan?

  @Flag(help: "Work on a FILE whose content goes although another process has it open or mapped.")
  var evenIfOpen = false

  @Flag(help: "Print the plan with every check made, and change nothing.")
  var dryRun = false

  func validate() throws {
    if let runs, !(1...10_000).contains(runs) { throw ValidationError("--runs takes 1 to 10000, not \(runs)") }
    if let warmup, !(0...10_000).contains(warmup) { throw ValidationError("--warmup takes 0 to 10000, not \(warmup)") }
  }
}

/// The methods by their names on the command line.
enum MethodWord: String, ExpressibleByArgument, CaseIterable {
  case populate, fallocate, touch
  case mapCold = "map-cold"

  var method: Method {
    switch self {
    case .populate: .populate
    case .fallocate: .fallocate
    case .touch: .touch
    case .mapCold: .mapCold
    }
  }
}
