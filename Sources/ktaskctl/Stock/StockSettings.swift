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
    do throws(Unreadable) {
      return words + Self.words(in: try SystemFiles().demand(path))
    } catch {
      throw Failure(path.shown, "the settings cannot be read: \(error.description)", path: path, errno: error.errno)
    }
  }
}
