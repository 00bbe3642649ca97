import ArgumentParser
import MemoryWork

struct Release: WorkCommand {
  static let configuration = CommandConfiguration(
    commandName: name, _superCommandName: Ktaskctl.name,
    abstract: "Give each FILE's pages back.",
    usage: "ktaskctl release [OPTION ...] FILE ...",
    discussion: "What was in them is gone, and no undo brings it back. The size of FILE stays, unless it is removed.")

  @Argument(help: "Files to empty", completion: .file())
  var file: [ManyWords] = []

  @Flag(help: "Remove each FILE afterwards")
  var unlink = false

  @Option(
    help: ArgumentHelp("A stock that each FILE goes to (default: none)", valueName: "dir"), completion: .directory)
  var to: String?

  @Option(
    help: ArgumentHelp("Where the part begins that is given back (default: 0)", valueName: "size"),
    transform: ByteSize.parseOffset)
  var offset: ByteSize?

  @OptionGroup(title: "What") var memory: SizeOptions<Release>
  @OptionGroup(title: "What") var pool: ShrinkPoolOptions
  @OptionGroup(title: "How") var work: WorkOptions<Release>
  @OptionGroup(title: "How") var open: OpenFileOptions
  @OptionGroup(title: "Helpers") var helpers: HelperOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  static let name = "release"
  static let defaults = SweepDefaults.once
  static let usualSize = "default: to the end"
  static let usualPages = "FILE's"
  static let refused = [
    "--method": "makes no pages", "--nodes": "gives pages back wherever they are",
    "--policy": "gives pages back wherever they are", "--runs": "can be done once", "--warmup": "can be done once",
  ]

  func validate() throws {
    if file.isEmpty { throw ValidationError("release needs a FILE") }
    if unlink && (memory.size ?? offset) != nil {
      throw ValidationError("--unlink removes all of FILE: it takes neither --size nor --offset")
    }
    if to != nil && (unlink || (memory.size ?? offset) != nil) {
      throw ValidationError("--to gives all of FILE away: it takes neither --unlink nor --size nor --offset")
    }
    if to != nil && pool.shrinkPool { throw ValidationError("--to keeps the pages: it takes no --shrink-pool") }
    if let size = memory.size, let offset, size.bytes.addingReportingOverflow(offset.bytes).overflow {
      throw ValidationError("--offset and --size lead beyond what any file has")
    }
  }

  var words: WorkWords { WorkWords(memory, work, helpers, nil, nil, open) }

  func request() -> Request {
    if let to { return request(returningTo: to) }
    let (files, start, unlink) = (file.flatMap(\.words), offset?.bytes ?? 0, unlink)
    let intent = Intent(.freeMemory, isReadiness: false, files).with { intent in
      intent.offset = start > 0 ? start : nil
      intent.removesName = unlink
      intent.ownWords = unlink ? ["--unlink"] : []
      intent.pool = pool.change
    }
    let wanted = [WantedFile](files, size: memory.size.map { start + $0.bytes })
    return Request(intent) { opening throws(MemoryError) in
      try ReleaseJob(
        opening.files(wanted, mayBeEmpty: true), from: start, unlink: unlink, evenIfOpen: opening.evenIfOpen)
    }
  }

  private func request(returningTo stock: String) -> Request {
    let files = file.flatMap(\.words)
    let intent = Intent(.freeMemory, isReadiness: false, files).with { intent in
      intent.stock = stock
      intent.ownWords = ["--to", quotedFile(stock)]
    }
    return Request(intent) { opening throws(MemoryError) in
      try ReturnJob(
        opening.files([WantedFile](files, size: nil), mayBeEmpty: true), to: Stock(stock),
        evenIfOpen: opening.evenIfOpen)
    }
  }
}
