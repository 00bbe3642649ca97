import Glibc
import LinuxSystem

/// Files in a directory of their own, in place of the kernel's; gone with it.
final class FixtureFiles: Sendable {
  let files: SystemFiles
  /// Everything made, parents first.
  private let made: [String]

  /// Makes files, contents by path.
  init(_ contents: [String: String]) throws {
    var template = Array("/tmp/ktask-machine-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Errno(errno) }
    let root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var made = [root]
    for (path, text) in contents {
      var place = root
      for name in path.split(separator: "/").dropLast() {
        place += "/" + name
        if unsafe mkdir(place, 0o755) == 0 { made.append(place) }
      }
      let number = unsafe open(root + path, O_WRONLY | O_CREAT, 0o644)
      if number < 0 { throw Errno(errno) }
      unsafe write(number, text, text.utf8.count)
      close(number)
      made.append(root + path)
    }
    files = SystemFiles(root: root)
    self.made = made
  }

  deinit { for path in made.reversed() { unsafe remove(path) } }
}
