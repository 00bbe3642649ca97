// Names of files are bytes. The comparisons of `String` take letters with their accents for one, however they are written,
// which to the kernel are two files; and a mark that begins a name grows together with the slash, the comma or the quote
// before it. So whatever looks into a name, or compares it, does so here or in its `utf8`.

/// The directory that a name is in, in words: `.` for a name alone.
public func directory(of path: String) -> String {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The components of a path, from the first to the last.
public func components(of path: String) -> [Substring] { path.split(at: UInt8(ascii: "/")) }

/// Whether a path begins at the root.
public func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

/// Whether two names are the same, byte for byte.
public func isSameName(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

extension StringProtocol where SubSequence == Substring {
  /// The parts between bytes of ASCII, but for empty ones unless those are to be kept.
  public func split(at separator: UInt8, keepingEmpty: Bool = false) -> [Substring] {
    utf8.split(separator: separator, omittingEmptySubsequences: !keepingEmpty).map { self[$0.startIndex..<$0.endIndex] }
  }
}
