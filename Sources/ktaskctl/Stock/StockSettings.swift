import LinuxSystem

/// The file of `--settings`: options as they are written on the command line, in any number of lines, and remarks after `#`.
enum StockSettings {
  static func words(in text: String) -> [String] {
    text.split(at: UInt8(ascii: "\n")).flatMap { line in
      line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
    }
  }

  /// The words that a file has beside those of the command line, which come first.
  static func words(_ words: [String], with path: String) throws(Failure) -> [String] {
    // looked at before it is opened: what a FIFO or a terminal has to say might never come
    _ = try open(path, .pathOnly)
    let file = try open(path, .readOnly)
    do throws(Errno) {
      return words + Self.words(in: try SystemFiles().text(of: file))
    } catch {
      throw unreadable(path, error)
    }
  }

  private static func open(_ path: String, _ access: FileDescriptor.Access) throws(Failure) -> FileDescriptor {
    let kind: FileStatus.Kind
    do throws(Errno) {
      let file = try FileDescriptor.open(path, access.union(.followLinks))
      kind = try file.status().kind
      if kind == .regular { return file }
    } catch {
      throw unreadable(path, error)
    }
    throw Failure(path.shown, "the settings cannot be read: it is a \(kind.rawValue), not a regular file", path: path)
  }

  private static func unreadable(_ path: String, _ errno: Errno) -> Failure {
    let why = "the settings cannot be read: \(Unreadable(path, errno).description)"
    return Failure(path.shown, why, path: path, errno: errno)
  }
}
