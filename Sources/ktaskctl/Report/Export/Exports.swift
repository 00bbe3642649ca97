import ArgumentParser
import LinuxSystem
import MemoryWork

extension Document {
  /// For texts that tell nothing of it.
  fileprivate static var none: Document { Document(ktaskctl: Ktaskctl.version, command: "") }
}

/// What a report goes into besides standard output.
///
/// All of it is found and opened before the work: hours of it are not to be undone for a wrong name, and who gives the name to
/// another file meanwhile changes nothing. A file is replaced only when its new content is complete, and may be replaced again
/// when the outcome changes: by another export that cannot be written. What went into a stream stays there, so that documents
/// come last.
struct Exports {
  private enum Place {
    /// Standard output, after the text.
    case output
    case descriptor(Int32)
    /// A regular file, or none yet.
    case file(ReplaceableFile)
    /// What cannot be replaced: a FIFO, a device, what another process has open. It is opened when there is something to tell.
    case stream(Owned<FilePlace>, Owned<FileDescriptor>)
  }

  private struct Item {
    /// As the user names it.
    var path: String
    var format: ExportFormat
    var place: Place
    /// Which file it is, where it is one with content of its own.
    var identity: FileIdentity?
  }
  private var items: [Item] = []
  /// Files are left as they are: only streams are told.
  private var leavesFiles = false

  /// None.
  init() {}

  /// The first that there is no place for is told. `isPlanOnly`: nothing is changed, and so no file replaced or made.
  init(_ output: OutputOptions, isPlanOnly: Bool) throws(Failure) {
    leavesFiles = isPlanOnly
    for format in ExportFormat.all {
      guard let path = format.file(output) else { continue }
      do throws(Errno) {
        items.append(try Self.item(path, format))
      } catch {
        throw Failure(export: path, error)
      }
    }
  }

  /// A text that is known already.
  init(text: String, to path: String) throws(Failure) {
    do throws(Errno) {
      items = [try Self.item(path, ExportFormat(file: { _ in path }, text: { _ in text }))]
    } catch {
      throw Failure(export: path, error)
    }
  }

  /// Writes that; why it could not be, where that is so.
  func writeText() -> [Failure] { write(.none, isCalledOff: { false }).failures }

  /// That, where it is for standard output.
  func onOutput() -> String { onOutput(.none) }

  private static func item(_ path: String, _ format: ExportFormat) throws(Errno) -> Item {
    if path == "-" { return Item(path: path, format: format, place: .output) }
    switch try NameTarget(of: path) {
    case .descriptor(let number):
      let status = try FileStatus(of: number)
      let place = number == 1 ? Place.output : .descriptor(number)
      return Item(path: path, format: format, place: place, identity: status.kind == .regular ? .init(status) : nil)
    case .place(let place): return try item(path, format, place, place.value.lookIfAny())
    }
  }

  private static func item(
    _ path: String, _ format: ExportFormat, _ place: Owned<FilePlace>, _ found: Owned<FileDescriptor>?
  ) throws(Errno) -> Item {
    let status = try found?.value.status()
    if status?.kind == .directory { throw .isDirectory }
    let identity = try FileIdentity(status, at: place.value)
    if let found, status?.kind != .regular || place.value.isMagic {
      try place.value.checkOwner(of: found.value)
      try place.value.checkWriting(found.value)
      let isRegular = status?.kind == .regular
      return Item(path: path, format: format, place: .stream(place, found), identity: isRegular ? identity : nil)
    }
    let file = try ReplaceableFile(place, found)
    return Item(path: path, format: format, place: .file(file), identity: identity)
  }

  /// For standard output, after the text.
  func onOutput(_ document: Document) -> String {
    items.compactMap { item in
      if case .output = item.place { return item.format.text(document) }
      return nil
    }.joined()
  }

  /// Those that could not be written, and whether the others were not called off.
  typealias Outcome = (failures: [Failure], isTold: Bool)

  /// All files, and the rows that go into streams.
  func write(_ document: Document, isCalledOff: () -> Bool) -> Outcome {
    outcome { item throws(Errno) in
      if case .file(let file) = item.place {
        if !leavesFiles, let text = item.format.text(document) { try file.replace(by: text) }
      } else if !item.format.isDocument {
        return try stream(item, document, isCalledOff)
      }
      return true
    }
  }

  /// Documents that go into streams.
  func streamDocument(_ document: Document, isCalledOff: () -> Bool) -> Outcome {
    outcome { item throws(Errno) in
      item.format.isDocument ? try stream(item, document, isCalledOff) : true
    }
  }

  /// Documents in files once more: what they say is not so any more. One that cannot be written now is removed; those that
  /// could not be written before are left alone.
  func replaceDocument(_ document: Document, after failures: [Failure]) {
    if leavesFiles { return }
    for item in items
    where item.format.isDocument && !failures.contains(where: { isSameName($0.path ?? "", item.path) }) {
      guard case .file(let file) = item.place else { continue }
      do throws(Errno) {
        try file.replace(by: document.json() + "\n")
      } catch {
        try? file.remove()
      }
    }
  }

  /// Where there will be no other outcome; those that could not be written.
  func writeAll(_ document: Document, isCalledOff: () -> Bool) -> [Failure] {
    write(document, isCalledOff: isCalledOff).failures + streamDocument(document, isCalledOff: isCalledOff).failures
  }

  private func outcome(_ body: (Item) throws(Errno) -> Bool) -> Outcome {
    var outcome: Outcome = ([], true)
    for item in items {
      do throws(Errno) {
        if try !body(item) { outcome.isTold = false }
      } catch {
        outcome.failures.append(Failure(export: item.path, error))
      }
    }
    return outcome
  }

}

extension Exports {
  /// Into what takes words one after the other, and may have to wait for a reader; false where that was called off.
  private func stream(_ item: Item, _ document: Document, _ isCalledOff: () -> Bool) throws(Errno) -> Bool {
    guard let text = item.format.text(document) else { return true }
    switch item.place {
    case .output, .file: return true
    case .descriptor(2):
      Terminal.errors.write(text)
      return true
    case .descriptor(let number): return try write(text, to: Outlet(number), isCalledOff)
    // one that cannot be replaced is written over
    case .stream where leavesFiles && item.identity != nil: return true
    case .stream(let place, let found):
      guard let file = try opened(place.value, found.value, isCalledOff) else { return false }
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
  private func opened(
    _ place: borrowing FilePlace, _ found: borrowing FileDescriptor, _ isCalledOff: () -> Bool
  ) throws(Errno) -> FileDescriptor? {
    while true {
      do throws(Errno) {
        return try place.open(found, [.writeOnly, .empty])
      } catch {
        guard error == .noSuchDevice, try found.status().kind == .fifo else { throw error }
      }
      if isCalledOff() { return nil }
      Clock.sleep(milliseconds: 20)
    }
  }
}

extension Exports {
  /// An export must not be what the work is about, nor another export, nor the file with the process's number, by whatever name.
  func refuseMixingUp(with files: [(name: String, identity: FileIdentity?)], _ pidFile: String?) throws {
    var known: [FileIdentity: String] = [:]
    for file in files {
      if let identity = file.identity { known[identity] = file.name }
    }
    let number = pidFile.map { [(role: "--pidfile", name: $0, identity: FileIdentity(named: $0))] } ?? []
    for file in number + items.map({ (role: "the export to", name: $0.path, identity: $0.identity) }) {
      guard let identity = file.identity else { continue }
      if let same = known[identity] {
        throw ValidationError("\(file.role) \(file.name.shown) would overwrite \(same.shown)")
      }
      known[identity] = file.name
    }
  }

  /// Standard output takes one document, by whatever name it is called.
  func refuseSharing(withJSON json: Bool) throws {
    let own = items.count { if case .output = $0.place { true } else { false } }
    if own + (json ? 1 : 0) > 1 { throw ValidationError("standard output takes one of --json and the exports to “-”") }
  }

  /// Nothing is written but to standard output, by its own name.
  var isEmpty: Bool { items.isEmpty }
}
