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

  func job() throws -> JobRequest {
    let (files, regions) = (file.flatMap(\.words), region.flatMap(\.self))
    if regions.isEmpty { return .prefault(files: files) }
    try regions.check(besides: files, size: work.size, allowAnonymous: false)
    return .prefaultRegions(regions)
  }
}
