import ArgumentParser

/// Where words go, and how many of them.
struct OutputOptions: ParsableArguments {
  enum Progress: String, ExpressibleByArgument, CaseIterable { case auto, always, never, json }

  @Flag(name: [.customShort("J"), .long], help: "The JSON document on standard output, and only it")
  var json = false

  @Option(
    help: ArgumentHelp("The JSON document into FILE (-: standard output)", valueName: "file"), completion: .file())
  var exportJson: String?

  @Option(help: ArgumentHelp("The results as CSV into FILE", valueName: "file"), completion: .file())
  var exportCsv: String?

  @Option(help: ArgumentHelp("The results as a Markdown table into FILE", valueName: "file"), completion: .file())
  var exportMarkdown: String?

  @Option(help: ArgumentHelp("Time and speed-up as an SVG picture into FILE", valueName: "file"), completion: .file())
  var plot: String?

  @Option(help: ArgumentHelp("A bar: always, never; json: events", valueName: "when"))
  var progress = Progress.auto

  @Flag(name: .shortAndLong, help: "Errors only")
  var quiet = false

  @Flag(name: .shortAndLong, help: "The plan, and what each thread did, too")
  var verbose = false

  /// Every file that is written, as it is named.
  var exports: [String] { ExportFormat.all.compactMap { $0.file(self) } }
}
