import Glibc
import LinuxSystem

@testable import KTask

/// Stands for /run/ktask.
final class PlaceDirectory: Sendable {
  let path: String
  var file: String { path + "/helpers" }

  init() throws {
    var template = Array("/tmp/ktask-places-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Errno(errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    unsafe chmod(path, 0o755)
  }

  deinit {
    removeFile()
    unsafe unlink(path + "/counts")
    unsafe rmdir(path)
  }

  func removeFile() { if unsafe unlink(file) != 0 { unsafe rmdir(file) } }

  func spoil(_ fault: String) {
    switch fault {
    case "rubbish": make("what nobody reads")
    case "everybody may write it":
      make("")
      unsafe chmod(file, 0o666)
    case "somebody else's":
      make("")
      unsafe chown(file, 65534, 65534)
    case "a symbolic link": unsafe symlink("/etc/hostname", file)
    case "a directory": unsafe mkdir(file, 0o755)
    case "everybody may write its directory": unsafe chmod(path, 0o777)
    default: break
    }
  }

  private func make(_ text: String) {
    let number = unsafe open(file, O_CREAT | O_WRONLY, 0o644)
    unsafe write(number, text, text.utf8.count)
    close(number)
  }
}

extension SharedPlaces {
  var isMachineWide: Bool { current != nil }
  var left: Int? { current?.left }

  func place(_ node: Int? = nil) -> PlaceTable.Place? {
    if case .place(let place) = current?.take(node) { return place }
    return nil
  }

  func release(_ place: PlaceTable.Place) { current?.release(place) }
}

extension HelperBudget {
  func place(on node: Int?) -> SlotInArray? {
    guard let slot = slot(on: node) else { return nil }
    return SlotInArray(slot)
  }
}
