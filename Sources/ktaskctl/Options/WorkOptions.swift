import ArgumentParser
import MemoryWork

/// How work is divided and when it ends: for every command. The defaults are `Command`'s.
struct WorkOptions<Command: WorkCommand>: ParsableArguments {
  @Option(
    name: [.customShort("t", allowingJoined: true), .long],
    help: "auto, all, 4, 1,2,4, 1-8 (default: \(Command.defaults.threadsText))",
    completion: .list(["auto", "all"]), transform: ThreadRequest.parse)
  var threads: ThreadRequest?

  @Option(
    help: ArgumentHelp(
      "Work that one more thread is for (default: \(PageSizeWord.text(usualMinimumChunk)))", valueName: "size"),
    transform: ByteSize.parse)
  var minChunk: ByteSize = ByteSize(bytes: usualMinimumChunk)

  @Option(
    help: ArgumentHelp("Give up and undo after 90, 5m (default: never)", valueName: "time"),
    transform: TimeSpan.parse)
  var timeout: TimeSpan?

  @Flag(help: "Print the plan and its checks, and change nothing")
  var dryRun = false
}

/// For the commands that take the content of a FILE away.
struct OpenFileOptions: ParsableArguments {
  @Flag(help: "Even if others have FILE, whose content is lost")
  var evenIfOpen = false
}
