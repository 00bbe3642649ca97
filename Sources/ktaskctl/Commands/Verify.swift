import ArgumentParser
import MemoryWork

struct Verify: WorkCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say whether each FILE is resident, in which pages, on which nodes.",
    discussion: """
      Changes nothing, also where a virtual machine runs from FILE. All of FILE, or its first --size, must be resident; \
      --page-size, --nodes and --zero demand more. If it is not so, a message says what is different and the status is 2.
      """)

  @Argument(help: "Files to look at.")
  var file: [ManyWords] = []

  @Flag(help: "Demand that every byte is zero.")
  var zero = false

  @Flag(help: "Say what is found, and demand nothing.")
  var info = false

  @OptionGroup var work: WorkOptions
  @OptionGroup var output: OutputOptions

  static let name = "verify"
  static let defaults = SweepDefaults.once

  func validate() throws {
    if file.isEmpty { throw ValidationError("verify needs a FILE") }
    if work.placement.policy != nil { throw ValidationError("verify places no pages: it takes no --policy") }
    if work.method != nil { throw ValidationError("verify makes no pages: it takes no --method") }
  }

  func request() -> Request {
    let (files, size, zero, info) = (file.flatMap(\.words), work.size?.bytes, zero, info)
    let intent = Intent(.look, isReadiness: false, files).with { intent in
      intent.ownWords = (zero ? ["--zero"] : []) + (info ? ["--info"] : [])
    }
    return Request(intent) { opening throws(MemoryError) in
      let demand = try opening.demand(size: size, zero: zero, isInfo: info)
      return VerifyJob(try opening.filesToLookAt(files, size: size), demand: demand)
    }
  }
}
