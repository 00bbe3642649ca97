import ArgumentParser
import MemoryWork

struct Pin: WorkCommand {
  static let configuration = CommandConfiguration(
    commandName: name, _superCommandName: Ktaskctl.name,
    abstract: "Pin memory and report the time per thread count.",
    usage: "ktaskctl pin [OPTION ...] [FILE]",
    discussion: "Anonymous memory of --size, or FILE's, is populated and pinned in parallel, and given back.")

  @Argument(help: "A file whose memory is pinned", completion: .file())
  var file: String?

  @Option(
    help: ArgumentHelp("mlock, io_uring, vfio:GROUP, iommufd[:DEVICE] (default: mlock)", valueName: "pin"),
    completion: .list(["mlock", "io_uring", "vfio:", "iommufd"]), transform: PinWord.parse)
  var with = PinRequest.With.mlock

  @Option(
    help: ArgumentHelp("The most per mapping (default: a thread's part)", valueName: "size"),
    transform: ByteSize.parse)
  var mapSize: ByteSize?

  @Option(
    help: ArgumentHelp("Where devices see it (default: the lowest place)", valueName: "address"),
    transform: PinWord.address)
  var iovaBase: UInt64?

  @OptionGroup(title: "What") var memory: SizeOptions<Pin>
  @OptionGroup(title: "What") var placement: PlacementOptions
  @OptionGroup(title: "How") var hold: HoldOptions
  @OptionGroup(title: "How") var repeats: RunOptions<Pin>
  @OptionGroup(title: "How") var work: WorkOptions<Pin>
  @OptionGroup(title: "How") var open: OpenFileOptions
  @OptionGroup(title: "Helpers") var helpers: HelperOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  static let name = "pin"
  static let defaults = SweepDefaults.measuring

  var holding: HoldOptions? { hold }

  func validate() throws {
    switch with {
    case .vfio, .iommufd: break
    case .mlock, .rings:
      if iovaBase != nil { throw ValidationError("--iova-base is for --with vfio and iommufd") }
    }
    if with == .mlock && mapSize != nil { throw ValidationError("--map-size is not for --with mlock") }
  }

  var words: WorkWords { WorkWords(memory, work, helpers, placement, repeats, open) }

  func request() throws -> Request {
    let pin = PinRequest(with: with, iovaBase: iovaBase, mapSize: mapSize?.bytes)
    let intent = Intent(.figures, isReadiness: true, file.map { [$0] } ?? []).with { $0.pin = pin }
    if let file {
      let wanted = [WantedFile(path: file, size: memory.size?.bytes)]
      return Request(intent) { opening throws(MemoryError) in
        try pin.job(PinnedMemory(opening.files(wanted)[0]), method: opening.method)
      }
    }
    guard let bytes = memory.size?.bytes else { throw ValidationError("pin needs --size SIZE or a FILE") }
    return Request(intent) { opening throws(MemoryError) in
      try pin.job(PinnedMemory(opening.anonymous(bytes)), method: opening.method)
    }
  }
}
