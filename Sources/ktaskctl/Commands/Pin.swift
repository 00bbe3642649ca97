import ArgumentParser
import MemoryWork

struct Pin: WorkCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lock memory and report the time per thread count.",
    discussion: "Anonymous memory of --size, or FILE's, is locked, populated in parallel, and given back.")

  enum With: String, ExpressibleByArgument, CaseIterable { case mlock }

  @Argument(help: "A file whose memory is pinned.")
  var file: String?

  @Option(help: "What pins it.")
  var with = With.mlock

  @OptionGroup var work: WorkOptions
  @OptionGroup var output: OutputOptions

  static let name = "pin"
  static let defaults = SweepDefaults.measuring

  func job() throws -> JobRequest {
    if let file { return .lock(file: file) }
    guard let size = work.size else { throw ValidationError("pin needs --size SIZE or a FILE") }
    return .lockAnonymous(bytes: size.bytes)
  }
}
