import ArgumentParser

/// How much memory, in which pages: for every command. The defaults are `Command`'s.
struct SizeOptions<Command: WorkCommand>: ParsableArguments {
  @Option(
    name: [.customShort("s", allowingJoined: true), .long],
    help: "How much: 512M, 1.5G, 64Gi (\(Command.usualSize))", transform: ByteSize.parse)
  var size: ByteSize?

  @Option(
    help: ArgumentHelp("4K, thp, 2M, 1G … (default: \(Command.usualPages))", valueName: "size"),
    completion: .pageSizes, transform: PageSizeWord.parse)
  var pageSize: PageSizeWord?
}
