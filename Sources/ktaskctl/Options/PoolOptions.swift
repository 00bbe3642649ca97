import ArgumentParser

/// What is to become of the pools of huge pages that a command's files draw on.
enum PoolChange: Equatable, Sendable {
  /// They are raised by what they lack; `keepFree`: pages that stay free for others.
  case grow(keepFree: Int?)
  /// What is released goes back to the kernel; `keepFree`: as above.
  case shrink(keepFree: Int?)

  var keepFree: Int? {
    switch self {
    case .grow(let pages), .shrink(let pages): pages
    }
  }

  private var option: String {
    switch self {
    case .grow: "--grow-pool"
    case .shrink: "--shrink-pool"
    }
  }

  var words: [String] { [option] + (keepFree.map { ["--keep-free", "\($0)"] } ?? []) }
}

/// For the commands that make pages.
struct GrowPoolOptions: ParsableArguments {
  @Flag(help: "Raise the pools of huge pages by what they lack")
  var growPool = false

  @Option(help: ArgumentHelp("With it: pages left free for others (default: 0)", valueName: "n"))
  var keepFree: Int?

  func validate() throws { try check(keepFree, of: "--grow-pool", isGiven: growPool) }

  var change: PoolChange? { growPool ? .grow(keepFree: keepFree) : nil }
}

/// For those that give them back.
struct ShrinkPoolOptions: ParsableArguments {
  @Flag(help: "Give what was raised of the pools to the kernel")
  var shrinkPool = false

  @Option(help: ArgumentHelp("With it: pages left free for others (default: 0)", valueName: "n"))
  var keepFree: Int?

  func validate() throws { try check(keepFree, of: "--shrink-pool", isGiven: shrinkPool) }

  var change: PoolChange? { shrinkPool ? .shrink(keepFree: keepFree) : nil }
}

private func check(_ keepFree: Int?, of option: String, isGiven: Bool) throws {
  guard let keepFree else { return }
  if !isGiven { throw ValidationError("--keep-free needs \(option)") }
  if keepFree < 0 { throw ValidationError("--keep-free takes a number of pages, not \(keepFree)") }
}
