import ArgumentParser
import MemoryWork

struct Prefault: WorkCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give every page of each FILE its memory.",
    usage: "ktaskctl prefault [OPTION ...] FILE ...",
    discussion: """
      Creates or extends each FILE to --size. Pages that are there keep their content; a second call finds nothing to \
      do. Files on hugetlbfs, tmpfs, ext4, xfs and btrfs, and memfds.
      """)

  @Argument(help: "Files to make resident", completion: .file())
  var file: [ManyWords] = []

  @Option(
    help: ArgumentHelp("One of several: path=FILE,size=SIZE,nodes=NODES", valueName: "region"),
    transform: RegionWord.parseAll)
  var region: [[RegionWord]] = []

  @Option(
    help: ArgumentHelp("A stock to take missing FILEs from (default: none)", valueName: "dir"), completion: .directory)
  var from: String?

  @OptionGroup(title: "What") var memory: SizeOptions<Prefault>
  @OptionGroup(title: "What") var placement: PlacementOptions
  @OptionGroup(title: "What") var pool: GrowPoolOptions
  @OptionGroup(title: "What") var made: NewFileOptions
  @OptionGroup(title: "How") var hold: HoldOptions
  @OptionGroup(title: "How") var repeats: RunOptions<Prefault>
  @OptionGroup(title: "How") var work: WorkOptions<Prefault>
  @OptionGroup(title: "How") var open: OpenFileOptions
  @OptionGroup(title: "Helpers") var helpers: HelperOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  static let name = "prefault"
  static let defaults = SweepDefaults.once

  func validate() throws {
    if file.isEmpty && region.isEmpty { throw ValidationError("prefault needs a FILE") }
  }

  var holding: HoldOptions? { hold }

  var words: WorkWords { WorkWords(memory, work, helpers, placement, repeats, open) }

  func request() throws -> Request {
    let (files, regions, size) = (file.flatMap(\.words), region.flatMap(\.self), memory.size?.bytes)
    if !regions.isEmpty { try regions.check(besides: files, size: size, allowAnonymous: false) }
    let wanted = regions.isEmpty ? [WantedFile](files, size: size) : [WantedFile](regions, size: size)
    let (made, stock) = (made.words, from)
    let intent = Intent(.readyMemory, isReadiness: true, wanted.map(\.path)).with { intent in
      intent.regions = regions
      (intent.pool, intent.newFiles) = (pool.change, made)
      intent.ownWords = stock.map { ["--from", quotedFile($0)] } ?? []
    }
    return Request(intent) { opening throws(MemoryError) in
      let files = try opening.files(wanted, creating: true, from: stock)
      for file in files { file.rightsIfMade = made.rights }
      return try PrefaultJob(files, method: opening.method)
    }
  }
}
