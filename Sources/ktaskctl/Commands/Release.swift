import ArgumentParser
import MemoryWork

struct Release: WorkCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give each FILE's pages back.",
    discussion: "What was in them is gone, and no undo brings it back. The size of FILE stays, unless it is removed.")

  @Argument(help: "Files to empty.")
  var file: [ManyWords] = []

  @Flag(help: "Remove each FILE afterwards.")
  var unlink = false

  @Option(
    help: "Where the part begins that is given back; it ends with FILE, or after --size.",
    transform: ByteSize.parseOffset)
  var offset: ByteSize?

  @OptionGroup var work: WorkOptions
  @OptionGroup var output: OutputOptions

  static let name = "release"
  static let defaults = SweepDefaults.once

  func validate() throws {
    if file.isEmpty { throw ValidationError("release needs a FILE") }
    if work.method != nil { throw ValidationError("release makes no pages: it takes no --method") }
    if work.placement.nodes != nil || work.placement.policy != nil {
      throw ValidationError("release gives pages back wherever they are: it takes no --nodes")
    }
    if unlink && (work.size ?? offset) != nil {
      throw ValidationError("--unlink removes all of FILE: it takes neither --size nor --offset")
    }
    if let size = work.size, let offset, size.bytes.addingReportingOverflow(offset.bytes).overflow {
      throw ValidationError("--offset and --size lead beyond what any file has")
    }
    if work.runs ?? 1 != 1 || work.warmup ?? 0 != 0 {
      throw ValidationError("release can be done once: it takes neither --runs nor --warmup")
    }
  }

  func request() -> Request {
    let (files, start, unlink) = (file.flatMap(\.words), offset?.bytes ?? 0, unlink)
    let intent = Intent(.freeMemory, isReadiness: false, files).with { intent in
      intent.offset = start > 0 ? start : nil
      intent.removesName = unlink
      intent.ownWords = unlink ? ["--unlink"] : []
    }
    let wanted = [WantedFile](files, size: work.size.map { start + $0.bytes })
    return Request(intent) { opening throws(MemoryError) in
      try ReleaseJob(
        opening.files(wanted, mayBeEmpty: true), from: start, unlink: unlink, evenIfOpen: opening.evenIfOpen)
    }
  }
}
