internal import LinuxSystem

extension MemoryFile {
  /// Several files to look at.
  public static func look(at paths: [String], size: Int?, _ looking: Looking = Looking()) throws(MemoryError)
    -> [MemoryFile]
  {
    var files: [MemoryFile] = []
    for path in paths {
      if files.contains(where: { $0.isNamed(path) }) { throw MemoryError(.namedTwice, path: path) }
      files.append(try MemoryFile(lookingAt: path, size: size, looking))
    }
    try refuseTooMuch(files.map(\.length), path: files.first?.path)
    return files
  }

  /// Several files of one size; naming one of them twice is refused.
  public static func open(
    _ paths: [String], size: Int?, creating: Bool, _ looking: Looking = Looking()
  ) throws(MemoryError) -> [MemoryFile] {
    try open(paths.map { ($0, size) }, creating: creating, looking)
  }

  /// Several files, each of its own size; naming one of them twice is refused.
  public static func open(
    _ wanted: [(path: String, size: Int?)], creating: Bool, mayBeEmpty: Bool = false, _ looking: Looking = Looking()
  ) throws(MemoryError) -> [MemoryFile] {
    var files: [MemoryFile] = []
    for (path, size) in wanted {
      if files.contains(where: { $0.isNamed(path) }) { throw MemoryError(.namedTwice, path: path) }
      files.append(try MemoryFile(path, size: size, creating: creating, mayBeEmpty: mayBeEmpty, looking))
    }
    try refuseTooMuch(files.map(\.length), path: files.first?.path)
    return files
  }

  /// Whether two names mean the same file, be it there or not.
  public static func isSame(_ one: String, _ other: String) -> Bool {
    guard let first = try? FileStatus.ofName(one), let second = try? FileStatus.ofName(other) else {
      return one == other || isSamePlace(one, other)
    }
    return first.isSameFile(as: second)
  }

  private func isNamed(_ other: String) -> Bool {
    if other == path { return true }
    if descriptor == nil { return Self.isSamePlace(path, other) }
    guard let mine = try? descriptor!.value.status(), let theirs = try? FileStatus.ofName(other) else { return false }
    return mine.isSameFile(as: theirs)
  }
}
