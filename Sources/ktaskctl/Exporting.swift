import ArgumentParser
import LinuxSystem
import MemoryWork

/// What a report goes into besides standard output.
///
/// A file is replaced only when its new content is complete, and may be replaced again when the outcome changes: by
/// another export that cannot be written. What went into a stream stays there, so that documents come last.
struct Exports {
  private enum Format { case document, csv, markdown, plot }

  private enum Place {
    /// Standard output, after the text.
    case output
    case descriptor(Int32)
    /// A regular file, or none yet.
    case file(String)
    /// What cannot be replaced: a FIFO, a device.
    case stream(String)
  }

  private struct Item {
    /// As the user names it.
    var path: String
    var format: Format
    var place: Place
  }
  private var items: [Item] = []

  /// None.
  init() {}

  /// Hours of work are not to be undone for a wrong name: the first that there is no place for is told beforehand.
  init(_ output: OutputOptions) throws(ProgramFailure) {
    let wanted: [(String?, Format)] = [
      (output.exportJson, .document), (output.exportCsv, .csv), (output.exportMarkdown, .markdown),
      (output.plot, .plot),
    ]
    for case (let path?, let format) in wanted {
      do throws(Errno) {
        items.append(Item(path: path, format: format, place: try Self.place(path)))
      } catch {
        throw ProgramFailure(export: path, error)
      }
    }
  }

  private static func place(_ path: String) throws(Errno) -> Place {
    if path == "-" { return .output }
    switch try NameTarget(of: path) {
    case .descriptor(1): return .output
    case .descriptor(let number): return .descriptor(number)
    case .name(let name):
      let kind: FileStatus.Kind
      do throws(Errno) {
        kind = try FileStatus.ofTarget(name).kind
      } catch .noEntry {
        try checkNaming(name)
        return .file(name)
      }
      if kind == .directory { throw .isDirectory }
      try checkWriting(name)
      let isItself = try FileStatus.ofName(name).kind == .regular
      return isItself ? .file(name) : .stream(name)
    }
  }

  /// For standard output, after the text.
  func onOutput(_ document: Document) -> String {
    items.compactMap { item in
      if case .output = item.place { return text(item.format, document) }
      return nil
    }.joined()
  }

  /// Those that could not be written, and whether the others were not called off.
  typealias Outcome = (failures: [ProgramFailure], isTold: Bool)

  /// All files, and the rows that go into streams.
  func write(_ document: Document, isCalledOff: () -> Bool) -> Outcome {
    outcome { item throws(Errno) in
      if case .file(let name) = item.place {
        if let text = text(item.format, document) { try replace(name, text) }
      } else if item.format != .document {
        return try stream(item, document, isCalledOff)
      }
      return true
    }
  }

  /// Documents that go into streams.
  func streamDocument(_ document: Document, isCalledOff: () -> Bool) -> Outcome {
    outcome { item throws(Errno) in
      item.format == .document ? try stream(item, document, isCalledOff) : true
    }
  }

  /// Documents in files once more: what they say is not so any more. One that cannot be written now is removed; those that
  /// could not be written before are left alone.
  func replaceDocument(_ document: Document, after failures: [ProgramFailure]) {
    for item in items where item.format == .document && !failures.contains(where: { $0.failure.path == item.path }) {
      guard case .file(let name) = item.place else { continue }
      do throws(Errno) {
        try replace(name, document.json() + "\n")
      } catch {
        try? removeFile(name)
      }
    }
  }

  /// Where there will be no other outcome; those that could not be written.
  func writeAll(_ document: Document, isCalledOff: () -> Bool) -> [ProgramFailure] {
    write(document, isCalledOff: isCalledOff).failures + streamDocument(document, isCalledOff: isCalledOff).failures
  }

  private func outcome(_ body: (Item) throws(Errno) -> Bool) -> Outcome {
    var outcome: Outcome = ([], true)
    for item in items {
      do throws(Errno) {
        if try !body(item) { outcome.isTold = false }
      } catch {
        outcome.failures.append(ProgramFailure(export: item.path, error))
      }
    }
    return outcome
  }

  /// nil: without results there is only the document, which tells why.
  private func text(_ format: Format, _ document: Document) -> String? {
    if format == .document { return document.json() + "\n" }
    if document.results.isEmpty { return nil }
    switch format {
    case .document: return nil
    case .csv: return Export.csv(document.results)
    case .markdown: return Export.markdown(document.results)
    case .plot: return Plot(document).svg()
    }
  }

  /// Written beside and renamed; over a file whose directory may not be written, or that is a mount of its own.
  private func replace(_ name: String, _ text: String) throws(Errno) {
    do throws(Errno) {
      let new = try Replacement(of: name)
      try new.write(text)
      try new.commit()
    } catch {
      guard [.access, .permission, .readOnly, .busy].contains(error), (try? FileStatus.ofName(name)) != nil else {
        throw error
      }
      let file = try FileDescriptor.openToOverwrite(name)
      try file.writeAll(Array(text.utf8)[...])
      try file.flush()
    }
  }
}

extension Exports {
  /// Into what takes words one after the other, and may have to wait for a reader; false where that was called off.
  private func stream(_ item: Item, _ document: Document, _ isCalledOff: () -> Bool) throws(Errno) -> Bool {
    guard let text = text(item.format, document) else { return true }
    switch item.place {
    case .output, .file: return true
    case .descriptor(2):
      Terminal.errors.write(text)
      return true
    case .descriptor(let number): return try write(text, to: Outlet(number), isCalledOff)
    case .stream(let name):
      guard let file = try opened(name, isCalledOff) else { return false }
      return try write(text, to: Outlet(owning: file), isCalledOff)
    }
  }

  private func write(_ text: String, to outlet: Outlet, _ isCalledOff: () -> Bool) throws(Errno) -> Bool {
    outlet.write(text)
    Terminal.flush([outlet], isCalledOff: isCalledOff)
    if let failure = outlet.failure { throw failure }
    return outlet.hasTold
  }

  /// A FIFO can be opened once somebody reads it; nil where that was called off.
  private func opened(_ name: String, _ isCalledOff: () -> Bool) throws(Errno) -> FileDescriptor? {
    while true {
      do throws(Errno) {
        return try FileDescriptor.openToOverwrite(name)
      } catch {
        guard error == .noSuchDevice, try FileStatus.ofTarget(name).kind == .fifo else { throw error }
      }
      if isCalledOff() { return nil }
      Clock.sleep(milliseconds: 20)
    }
  }
}

extension Program {
  /// An export must not be what the work is about, nor another export, nor the file with the process's number.
  static func refuseMixingUp(_ output: OutputOptions, with files: [String], _ pidFile: String?) throws {
    var files = files
    for (name, role) in (pidFile.map { [($0, "--pidfile")] } ?? []) + output.exports.map({ ($0, "the export to") })
    where name != "-" {
      if let same = files.first(where: { isSame(name, $0) }) {
        throw ValidationError("\(role) \(name) would overwrite \(same)")
      }
      files.append(name)
    }
  }

  /// Whatever links lead there. What is no regular file has no content to be overwritten.
  private static func isSame(_ one: String, _ other: String) -> Bool {
    guard let first = try? FileStatus.ofTarget(one), let second = try? FileStatus.ofTarget(other) else {
      return MemoryFile.isSame(target(one), target(other))
    }
    return first.kind == .regular && first.isSameFile(as: second)
  }

  /// Of a file that is to be made, perhaps through a link.
  private static func target(_ path: String) -> String {
    if case .name(let name) = try? NameTarget(of: path) { return name }
    return path
  }
}
