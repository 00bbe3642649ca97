import ArgumentParser
import MemoryWork

struct Prefault: WorkCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give every page of each FILE its memory.",
    discussion: """
      Creates or extends each FILE to --size. Pages that are there keep their content; a second call finds nothing to \
      do. Files on hugetlbfs, tmpfs, ext4, xfs and btrfs, and memfds.
      """)

  @Argument(help: "Files to make resident.")
  var file: [ManyWords] = []

  @Option(
    help: ArgumentHelp(
      "One of several regions done together: path=FILE,size=SIZE,nodes=NODES; repeatable.", valueName: "region"),
    transform: RegionWord.parseAll)
  var region: [[RegionWord]] = []

  @OptionGroup var hold: HoldOptions
  @Flag(help: "Raise the pools of huge pages by what they lack.")
  var growPool = false

  @OptionGroup var work: WorkOptions
  @OptionGroup var output: OutputOptions

  static let name = "prefault"
  static let defaults = SweepDefaults.once

  func validate() throws {
    if file.isEmpty && region.isEmpty { throw ValidationError("prefault needs a FILE") }
  }

  var holding: HoldOptions? { hold }

  var growsPool: Bool { growPool }

  func request() throws -> Request {
    let (files, regions, size) = (file.flatMap(\.words), region.flatMap(\.self), work.size?.bytes)
    if !regions.isEmpty { try regions.check(besides: files, size: size, allowAnonymous: false) }
    let wanted = regions.isEmpty ? [WantedFile](files, size: size) : [WantedFile](regions, size: size)
    let intent = Intent(.readyMemory, isReadiness: true, wanted.map(\.path)).with { $0.regions = regions }
    return Request(intent) { opening throws(MemoryError) in
      try PrefaultJob(opening.files(wanted, creating: true), method: opening.method)
    }
  }
}
