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
  var file: [String] = []

  @OptionGroup var work: WorkOptions
  @OptionGroup var output: OutputOptions

  static let name = "clear"
  static let defaults = SweepDefaults.measuring

  func job() throws -> JobRequest {
    if !file.isEmpty { return .clear(files: file) }
    guard let size = work.size else { throw ValidationError("clear needs --size SIZE or a FILE") }
    return .clearAnonymous(bytes: size.bytes)
  }
}
