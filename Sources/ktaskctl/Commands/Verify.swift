import ArgumentParser
import MemoryWork

struct Verify: WorkCommand {
  static let configuration = CommandConfiguration(
    commandName: name, _superCommandName: Ktaskctl.name,
    abstract: "Say whether each FILE is resident, in what pages and where.",
    usage: "ktaskctl verify [OPTION ...] FILE ...",
    discussion: """
      Changes nothing, also where a virtual machine runs from FILE. All of FILE, or its first --size, must be resident; \
      --page-size, --nodes and --zero demand more. If it is not so, a message says what is different and the status is 2.
      """)

  @Argument(help: "Files to look at", completion: .file())
  var file: [ManyWords] = []

  @Flag(help: "Demand that every byte is zero")
  var zero = false

  @Flag(help: "Say what is found, and demand nothing")
  var info = false

  @Option(
    name: [.customShort("n", allowingJoined: true), .long],
    help: "Demand that it is there: 0-3,5, !2 (default: any)", completion: .nodes, transform: NodesWord.parse)
  var nodes: NodesWord?

  @OptionGroup(title: "What") var memory: SizeOptions<Verify>
  @OptionGroup(title: "How") var repeats: RunOptions<Verify>
  @OptionGroup(title: "How") var work: WorkOptions<Verify>
  @OptionGroup(title: "Helpers") var helpers: HelperOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  static let name = "verify"
  static let defaults = SweepDefaults.once
  static let usualSize = "default: all of FILE"
  static let usualPages = "any"
  static let refused = [
    "--policy": "places no pages", "--method": "makes no pages", "--even-if-open": "changes nothing",
  ]

  func validate() throws {
    if file.isEmpty { throw ValidationError("verify needs a FILE") }
  }

  var words: WorkWords {
    var words = WorkWords(memory, work, helpers, nil, repeats)
    words.nodes = nodes
    return words
  }

  func request() -> Request {
    let (files, size, zero, info) = (file.flatMap(\.words), memory.size?.bytes, zero, info)
    let intent = Intent(.look, isReadiness: false, files).with { intent in
      intent.ownWords = (zero ? ["--zero"] : []) + (info ? ["--info"] : [])
    }
    return Request(intent) { opening throws(MemoryError) in
      let demand = try opening.demand(size: size, zero: zero, isInfo: info)
      return VerifyJob(try opening.filesToLookAt(files, size: size), demand: demand)
    }
  }
}
