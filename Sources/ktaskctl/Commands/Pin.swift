import ArgumentParser
import MemoryWork

struct Pin: WorkCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pin memory and report the time per thread count.",
    discussion: "Anonymous memory of --size, or FILE's, is populated and pinned in parallel, and given back.")

  @Argument(help: "A file whose memory is pinned.")
  var file: String?

  @Option(help: "mlock, io_uring, vfio:GROUP, iommufd:DEVICE or iommufd.", transform: PinWord.parse)
  var with = PinRequest.With.mlock

  @Option(help: "The most that one mapping or buffer has.", transform: ByteSize.parse)
  var mapSize: ByteSize?

  @Option(help: "Where devices see it: 0x100000000, 4G.", transform: PinWord.address)
  var iovaBase: UInt64?

  @OptionGroup var hold: HoldOptions
  @OptionGroup var work: WorkOptions
  @OptionGroup var output: OutputOptions

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

  func request() throws -> Request {
    let pin = PinRequest(with: with, iovaBase: iovaBase, mapSize: mapSize?.bytes)
    let intent = Intent(.figures, isReadiness: true, file.map { [$0] } ?? []).with { $0.pin = pin }
    if let file {
      let wanted = [WantedFile(path: file, size: work.size?.bytes)]
      return Request(intent) { opening throws(MemoryError) in
        try pin.job(PinnedMemory(opening.files(wanted)[0]), method: opening.method)
      }
    }
    guard let bytes = work.size?.bytes else { throw ValidationError("pin needs --size SIZE or a FILE") }
    return Request(intent) { opening throws(MemoryError) in
      try pin.job(PinnedMemory(opening.anonymous(bytes)), method: opening.method)
    }
  }
}
