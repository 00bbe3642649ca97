import Glibc
import LinuxSystem
import TestSupport

@testable import KTask

/// Stands for /run/ktask.
final class PlaceDirectory: Sendable {
  private let folder: TemporaryFolder
  var path: String { folder.path }
  var file: String { folder.file("helpers") }

  /// Everybody may look in.
  init() throws {
    folder = try TemporaryFolder("places")
    unsafe chmod(folder.path, 0o755)
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
