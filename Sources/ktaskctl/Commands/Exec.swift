import ArgumentParser
import MemoryWork

struct Exec: WorkCommand {
  static let configuration = CommandConfiguration(
    commandName: name, _superCommandName: Ktaskctl.name,
    abstract: "Make memory ready as a memfd and run COMMAND with it.",
    usage: "ktaskctl exec --size SIZE [OPTION ...] -- COMMAND ...",
    discussion: """
      {} in COMMAND's words becomes /proc/self/fd/N, the memory's name. COMMAND takes this process's place: signals go \
      to it, and the exit status is its own.
      """)

  @Argument(parsing: .postTerminator, help: "What is run with it, and its words")
  var command: [ManyWords] = []

  @Flag(help: "Seal the memory against being made shorter")
  var seal = false

  @Option(
    help: ArgumentHelp("A stock that a file is taken from (default: none)", valueName: "dir"), completion: .directory)
  var from: String?

  @OptionGroup(title: "What") var memory: SizeOptions<Exec>
  @OptionGroup(title: "What") var placement: PlacementOptions
  @OptionGroup(title: "What") var pool: GrowPoolOptions
  @OptionGroup(title: "How") var work: WorkOptions<Exec>
  @OptionGroup(title: "Helpers") var helpers: HelperOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  static let name = "exec"
  static let defaults = SweepDefaults.once
  static let usualSize = "needed"
  static let usualPages = "thp, else 4K"
  static let refused = [
    "--runs": "makes memory once", "--warmup": "makes memory once", "--even-if-open": "works on no FILE",
  ]

  func validate() throws {
    if command.isEmpty { throw ValidationError("exec needs a COMMAND after --") }
    if memory.size == nil { throw ValidationError("exec needs --size SIZE") }
    if seal && from != nil { throw ValidationError("--seal is for a memfd: a file --from a stock has no seals") }
    if case .counts(let counts) = work.threads, counts.count > 1 {
      throw ValidationError("exec makes memory once: it takes one number of threads")
    }
  }

  var words: WorkWords { WorkWords(memory, work, helpers, placement) }

  func request() throws -> Request {
    guard let bytes = memory.size?.bytes else { throw ValidationError("exec needs --size SIZE") }
    let stock = from
    // of that only COMMAND knows when it is ready
    let intent = Intent(.readyMemory, isReadiness: false).with { intent in
      intent.exec = ExecCommand(command: command.flatMap(\.words), seal: seal)
      intent.ownWords = (seal ? ["--seal"] : []) + (stock.map { ["--from", quotedFile($0)] } ?? [])
      intent.pool = pool.change
    }
    return Request(intent) { opening throws(MemoryError) in
      try PrefaultJob([opening.memfd(bytes, from: stock)], method: opening.method)
    }
  }
}
