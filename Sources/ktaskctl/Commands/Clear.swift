import ArgumentParser
import MemoryWork

struct Clear: WorkCommand {
  static let configuration = CommandConfiguration(
    commandName: name, _superCommandName: Ktaskctl.name,
    abstract: "Clear memory and report the time per thread count.",
    usage: "ktaskctl clear [OPTION ...] [FILE ...]",
    discussion: """
      Without FILE: anonymous memory of --size is made, verified to be zero and given back. With FILE: the memory of \
      a hugetlbfs or tmpfs file or a memfd is zeroed in place; what was in it is gone.
      """)

  @Argument(help: "Files to zero in place", completion: .file())
  var file: [ManyWords] = []

  @Option(
    help: ArgumentHelp("One of several: path=FILE,size=SIZE,nodes=NODES", valueName: "region"),
    transform: RegionWord.parseAll)
  var region: [[RegionWord]] = []

  @OptionGroup(title: "What") var memory: SizeOptions<Clear>
  @OptionGroup(title: "What") var placement: PlacementOptions
  @OptionGroup(title: "How") var repeats: RunOptions<Clear>
  @OptionGroup(title: "How") var work: WorkOptions<Clear>
  @OptionGroup(title: "How") var proof: ProofOptions
  @OptionGroup(title: "How") var open: OpenFileOptions
  @OptionGroup(title: "Helpers") var helpers: HelperOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  static let name = "clear"
  static let defaults = SweepDefaults.measuring

  var words: WorkWords { WorkWords(memory, work, helpers, placement, repeats, open, proof) }

  func request() throws -> Request {
    let (files, regions, size) = (file.flatMap(\.words), region.flatMap(\.self), memory.size?.bytes)
    if !regions.isEmpty { try regions.check(besides: files, size: size, allowAnonymous: true) }
    let wanted = regions.isEmpty ? [WantedFile](files, size: size) : [WantedFile](regions, size: size)
    if wanted.isEmpty { return try anonymous(regions, size) }
    let intent = Intent(.readyMemory, isReadiness: true, wanted.map(\.path)).with { $0.regions = regions }
    return Request(intent) { opening throws(MemoryError) in
      try ClearFileJob(opening.files(wanted), method: opening.method, evenIfOpen: opening.evenIfOpen)
    }
  }

  private func anonymous(_ regions: [RegionWord], _ size: Int?) throws -> Request {
    var pieces = regions.map { WantedMemory(bytes: $0.size?.bytes ?? size ?? 0, nodes: $0.nodes) }
    if regions.isEmpty {
      guard let size else { throw ValidationError("clear needs --size SIZE or a FILE") }
      pieces = [WantedMemory(bytes: size)]
    }
    return Request(Intent(.figures, isReadiness: true).with { $0.regions = regions }) { opening throws(MemoryError) in
      try ClearAnonymousJob(opening.anonymous(pieces), method: opening.method)
    }
  }
}
