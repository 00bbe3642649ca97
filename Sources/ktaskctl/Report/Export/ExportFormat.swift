/// A form in which a run's results go into a file.
struct ExportFormat: Sendable {
  /// The file that the options name for it.
  let file: @Sendable (OutputOptions) -> String?
  /// Tells how the run came out, and so must be true of all that was done: it is written last, and again where that changes.
  var isDocument = false
  /// nil: there is nothing to write.
  let text: @Sendable (Document) -> String?

  /// All there are, in the order in which they are written.
  static let all = [document, csv, markdown, plot]

  private static let document = ExportFormat(file: { $0.exportJson }, isDocument: true, text: { $0.json() + "\n" })
  private static let csv = ofResults({ $0.exportCsv }, text: { CSV.text($0.results) })
  private static let markdown = ofResults({ $0.exportMarkdown }, text: { Markdown.text($0.results) })
  private static let plot = ofResults({ $0.plot }, text: { Plot($0).svg() })

  /// Without results there is only the document, which tells why.
  private static func ofResults(
    _ file: @escaping @Sendable (OutputOptions) -> String?, text: @escaping @Sendable (Document) -> String
  ) -> ExportFormat {
    ExportFormat(file: file, text: { $0.results.isEmpty ? nil : text($0) })
  }
}
