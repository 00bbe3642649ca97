import ArgumentParser
import MemoryWork

struct Pin: WorkCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pin memory and report the time per thread count.",
    discussion: "Anonymous memory of --size, or FILE's, is populated and pinned in parallel, and given back.")

  @Argument(help: "A file whose memory is pinned.")
  var file: String?

  @Option(help: "What pins it: mlock or io_uring.", transform: PinWord.parse)
  var with = PinRequest.With.mlock

  @Option(help: "The most that one mapping or buffer has.", transform: ByteSize.parse)
  var mapSize: ByteSize?

  @OptionGroup var hold: HoldOptions
  @OptionGroup var work: WorkOptions
  @OptionGroup var output: OutputOptions

  static let name = "pin"
  static let defaults = SweepDefaults.measuring

  var holding: HoldOptions? { hold }

  func job() throws -> JobRequest {
    let request = PinRequest(with: with, mapSize: mapSize?.bytes)
    if let file { return .pin(file: file, request) }
    guard let size = work.size else { throw ValidationError("pin needs --size SIZE or a FILE") }
    return .pinAnonymous(bytes: size.bytes, request)
  }
}
