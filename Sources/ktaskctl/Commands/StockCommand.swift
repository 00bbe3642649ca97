import ArgumentParser
import MemoryWork

struct StockCommand: WorkCommand {
  static let configuration = CommandConfiguration(
    commandName: "stock", _superCommandName: Ktaskctl.name,
    abstract: "Keep cleared files ready that others take in milliseconds.",
    usage: "ktaskctl stock [--size SIZE] [OPTION ...] DIR",
    discussion: """
      Makes DIR, on hugetlbfs or tmpfs, have --count files of --size that are cleared and verified, and says what it has; \
      without --size it only says that. prefault --from and exec --from take one, release --to gives one back.
      """)

  @Argument(help: ArgumentHelp("The stock", valueName: "DIR"), completion: .directory)
  var directory: String?

  @Option(
    name: [.customShort("c", allowingJoined: true), .long],
    help: ArgumentHelp("Files that are to be ready (default: 1)", valueName: "n"))
  var count: Int?

  @Option(
    help: ArgumentHelp("Of all files in DIR together (default: no limit)", valueName: "size"), transform: ByteSize.parse
  )
  var maxBytes: ByteSize?

  @Flag(help: "Go on as a service: keep it so, and clear what comes back")
  var watch = false

  @Option(help: ArgumentHelp("With it: files that are enough to go on (default: 1)", valueName: "n"))
  var minReady: Int?

  @Option(
    help: ArgumentHelp("With it: more options, read again by SIGHUP", valueName: "file"), completion: .file())
  var settings: String?

  @OptionGroup(title: "What") var memory: SizeOptions<StockCommand>
  @OptionGroup(title: "What") var placement: PlacementOptions
  @OptionGroup(title: "What") var pool: GrowPoolOptions
  @OptionGroup(title: "How") var work: WorkOptions<StockCommand>
  @OptionGroup(title: "Helpers") var helpers: HelperOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  static let name = "stock"
  static let defaults = SweepDefaults.once
  static let usualSize = "default: only look"
  static let usualPages = "DIR's"
  static let refused = [
    "--runs": "makes each file once", "--warmup": "makes each file once",
    "--even-if-open": "uses no pages again that others have", "--mode": "makes files that are its owner's alone",
    "--owner": "makes files that are DIR's owner's",
  ]
  static let largestCount = 1 << 20

  func validate() throws {
    if watch { return try validateService() }
    if minReady != nil || settings != nil {
      throw ValidationError("\(minReady == nil ? "--settings" : "--min-ready") needs --watch")
    }
    try validateWhat()
  }

  /// The file of its settings may say what its words do not.
  private func validateService() throws {
    if output.json || !output.exports.isEmpty {
      throw ValidationError("--watch tells how it is by its status, not in a report")
    }
    if work.dryRun { throw ValidationError("--watch goes on until it is stopped: it takes no --dry-run") }
    if let minReady, minReady < 0 { throw ValidationError("--min-ready takes a number of files, not \(minReady)") }
    if settings == nil { try validateWhat() }
  }

  func validateWhat() throws {
    if directory == nil { throw ValidationError("stock needs a DIR") }
    if memory.size == nil { try refuseForLook() }
    if !(0...Self.largestCount).contains(files) {
      throw ValidationError("--count takes 0 to \(Self.largestCount), not \(files)")
    }
    if case .counts(let counts) = work.threads, counts.count > 1 {
      throw ValidationError("stock makes each file once: it takes one number of threads")
    }
  }

  /// Without a size it makes nothing.
  private func refuseForLook() throws {
    let making: [(option: String, isGiven: Bool)] = [
      ("--watch", watch), ("--count", count != nil), ("--max-bytes", maxBytes != nil),
      ("--page-size", memory.pageSize != nil), ("--nodes", placement.nodes != nil),
      ("--method", placement.method != nil), ("--grow-pool", pool.change != nil),
    ]
    if let given = making.first(where: \.isGiven) { throw ValidationError("\(given.option) needs --size SIZE") }
  }

  /// That are to be ready.
  var files: Int { count ?? 1 }

  var words: WorkWords { WorkWords(memory, work, helpers, placement) }

  func request() throws -> Request {
    guard let directory else { throw ValidationError("stock needs a DIR") }
    guard let bytes = memory.size?.bytes else { return look(at: directory) }
    let (count, mostBytes, atOnce) = (files, maxBytes?.bytes, watch ? 1 : nil)
    let intent = Intent(.readyMemory, isReadiness: true, [directory]).with { intent in
      (intent.stock, intent.fillsStock, intent.isRound) = (directory, true, watch)
      (intent.count, intent.mostBytes) = (count, mostBytes)
      intent.ownWords =
        ["--count", "\(count)"] + (mostBytes.map { ["--max-bytes", PageSizeWord.text($0)] } ?? [])
      intent.pool = pool.change
    }
    return Request(intent) { opening throws(MemoryError) in
      try opening.filling(directory, bytes: bytes, count: count, mostBytes: mostBytes, atOnce: atOnce)
    }
  }

  private func look(at directory: String) -> Request {
    let intent = Intent(.readyMemory, isReadiness: false, [directory]).with { intent in
      (intent.stock, intent.fillsStock) = (directory, true)
    }
    return Request(intent) { _ throws(MemoryError) in try Stock(directory).look() }
  }

  /// What the stock is to have.
  func kind(in stock: Stock) throws -> StockKind {
    guard let bytes = memory.size?.bytes else { throw ValidationError("stock needs --size SIZE") }
    var opening = Opening(words, NodeAssignment(words, looking: Looking()))
    return try opening.stockKind(bytes, in: stock)
  }
}
