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

  func job() throws -> JobRequest {
    let request = PinRequest(with: with, iovaBase: iovaBase, mapSize: mapSize?.bytes)
    if let file { return .pin(file: file, request) }
    guard let size = work.size else { throw ValidationError("pin needs --size SIZE or a FILE") }
    return .pinAnonymous(bytes: size.bytes, request)
  }
}
