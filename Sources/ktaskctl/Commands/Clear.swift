import ArgumentParser
import MemoryWork

struct Clear: WorkCommand {
  static let configuration = CommandConfiguration(
    abstract: "Clear memory and report the time per thread count.",
    discussion: """
      Without FILE: anonymous memory of --size is made, verified to be zero and given back. With FILE: the memory of \
      a hugetlbfs or tmpfs file or a memfd is zeroed in place; what was in it is gone.
      """)

  @Argument(help: "Files to zero in place.")
  var file: [ManyWords] = []

  @Option(
    help: ArgumentHelp(
      "One of several regions done together: path=FILE,size=SIZE,nodes=NODES; repeatable.", valueName: "region"),
    transform: RegionWord.parseAll)
  var region: [[RegionWord]] = []

  @OptionGroup var work: WorkOptions
  @OptionGroup var output: OutputOptions

  static let name = "clear"
  static let defaults = SweepDefaults.measuring

  func job() throws -> JobRequest {
    let (files, regions) = (file.flatMap(\.words), region.flatMap(\.self))
    if !regions.isEmpty {
      try regions.check(besides: files, size: work.size, allowAnonymous: true)
      return .clearRegions(regions)
    }
    if !files.isEmpty { return .clear(files: files) }
    guard let size = work.size else { throw ValidationError("clear needs --size SIZE or a FILE") }
    return .clearAnonymous(bytes: size.bytes)
  }
}
