import ArgumentParser
import LinuxSystem
import MemoryWork

/// What goes into files besides the report.
extension Program {
  /// An export must not be what the work is about, nor another export.
  static func refuseMixingUp(_ output: OutputOptions, with files: [String], _ pidFile: String?) throws {
    var files = files + (pidFile.map { [$0] } ?? [])
    for export in output.exports where export != "-" {
      // links are followed
      let target = Terminal.target(of: export)
      if let same = files.first(where: { MemoryFile.isSame(target, $0) }) {
        throw ValidationError("the export to \(export) would overwrite \(same)")
      }
      files.append(target)
    }
  }

  /// The first export that there is no place for: hours of work are not to be undone for a wrong name.
  static func unwritable(_ output: OutputOptions) -> Message? {
    for path in output.exports where path != "-" {
      if let errno = Terminal.refusal(toWrite: path) {
        return Message(what: path, why: "the export could not be written: \(errno.description) (\(errno.name))")
      }
    }
    return nil
  }

  /// False where one could not be written. Without results there is only the document, which tells why.
  static func export(_ document: Document, _ output: OutputOptions) -> Bool {
    var exports = [(output.exportJson, { document.json() + "\n" })]
    if !document.results.isEmpty {
      exports += [
        (output.exportCsv, { Export.csv(document.results) }),
        (output.exportMarkdown, { Export.markdown(document.results) }),
        (output.plot, { Plot(document).svg() }),
      ]
    }
    var isComplete = true
    for case (let path?, let text) in exports where !Terminal.write(text(), toFile: path) {
      show(Message(what: path, why: "the export could not be written"))
      isComplete = false
    }
    return isComplete
  }
}
