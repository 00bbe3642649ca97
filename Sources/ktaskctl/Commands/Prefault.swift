import ArgumentParser
import MemoryWork

struct Prefault: WorkCommand {
  static let configuration = CommandConfiguration(
    commandName: name, _superCommandName: Ktaskctl.name,
    abstract: "Give every page of each FILE its memory.",
    usage: "ktaskctl prefault [OPTION ...] FILE ... | --pid PID",
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

  @OptionGroup(title: "What") var process: ProcessOptions
  @OptionGroup(title: "What") var memory: SizeOptions<Prefault>
  @OptionGroup(title: "What") var placement: PlacementOptions
  @OptionGroup(title: "What") var pool: GrowPoolOptions
  @OptionGroup(title: "What") var made: NewFileOptions
  @OptionGroup(title: "How") var hold: HoldOptions
  @OptionGroup(title: "How") var repeats: RunOptions<Prefault>
  @OptionGroup(title: "How") var work: WorkOptions<Prefault>
  @OptionGroup(title: "How") var proof: ProofOptions
  @OptionGroup(title: "How") var open: OpenFileOptions
  @OptionGroup(title: "Helpers") var helpers: HelperOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  static let name = "prefault"
  static let defaults = SweepDefaults.once

  func validate() throws {
    if process.pid != nil { return try refuseForProcess() }
    if file.isEmpty && region.isEmpty { throw ValidationError("prefault needs a FILE, or --pid PID") }
    if from != nil && isSweep {
      throw ValidationError("--from is one run with one number of threads: what is taken is not given back in between")
    }
  }

  private var isSweep: Bool {
    if case .counts(let counts)? = work.threads, counts.count > 1 { return true }
    return (repeats.runs ?? 1) > 1 || (repeats.warmup ?? 0) > 0
  }

  /// What a running process has is neither made nor given back here, nor is it ours to keep.
  private func refuseForProcess() throws {
    if !file.isEmpty || !region.isEmpty { throw ValidationError("--pid and FILE exclude each other") }
    if from != nil { throw ValidationError("--pid makes no file: it takes no --from") }
    if memory.size != nil {
      throw ValidationError("--pid: what a process has is made ready as large as it is, without --size")
    }
    if made.words.areGiven { throw ValidationError("--pid makes no file: it takes neither --mode nor --owner") }
    if placement.nodes != nil || placement.policy != nil {
      throw ValidationError("--pid keeps to the process's own policy: it takes neither --nodes nor --policy")
    }
    if hold.wanted != nil { throw ValidationError("--pid: the process keeps its memory itself, without --hold") }
    if open.evenIfOpen { throw ValidationError("--pid loses no content: it takes no --even-if-open") }
    if isSweep {
      throw ValidationError("--pid is one run with one number of threads: nothing is taken from a running process")
    }
  }

  var holding: HoldOptions? { hold }

  var words: WorkWords { WorkWords(memory, work, helpers, placement, repeats, open, proof) }

  func request() throws -> Request {
    if let words = process.words { return request(words) }
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

  private func request(_ process: ProcessWords) -> Request {
    let intent = Intent(.readyMemory, isReadiness: true).with { intent in
      intent.process = process
      intent.ownWords = process.words
      intent.pool = pool.change
    }
    return Request(intent) { opening throws(MemoryError) in
      let opened = try OpenedProcess(process, &opening)
      return try PrefaultJob(opened.files, leftAlone: opened.leftAlone, method: opening.method)
    }
  }
}
