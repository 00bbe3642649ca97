internal import LinuxSystem

extension MemoryFile {
  /// Several files to look at.
  public static func look(
    at paths: [String], size: Int?, _ looking: Looking = Looking()
  ) throws(MemoryError) -> [MemoryFile] {
    var (files, known) = ([MemoryFile](), Set<FileIdentity>())
    for path in paths {
      try refuseTwice(path, &known)
      let file = try MemoryFile(lookingAt: path, size: size, looking)
      if let identity = file.identity { known.insert(identity) }
      files.append(file)
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
    var (files, known) = ([MemoryFile](), Set<FileIdentity>())
    for (path, size) in wanted {
      try refuseTwice(path, &known)
      let file = try MemoryFile(path, size: size, creating: creating, mayBeEmpty: mayBeEmpty, looking)
      if let identity = file.identity { known.insert(identity) }
      files.append(file)
    }
    try refuseTooMuch(files.map(\.length), path: files.first?.path)
    return files
  }

  /// Whether two names mean the same file, be it there or not.
  public static func isSame(_ one: String, _ other: String) -> Bool {
    FileIdentity(named: one) == FileIdentity(named: other)
  }

  /// Before it is opened: a second lock on the same file would be taken for another process's.
  private static func refuseTwice(_ path: String, _ known: inout Set<FileIdentity>) throws(MemoryError) {
    if !known.insert(FileIdentity(named: path)).inserted { throw MemoryError(.namedTwice, path: path) }
  }

  /// What is open, which a link's name does not tell.
  private var identity: FileIdentity? { (try? descriptor?.value.status()).map { FileIdentity($0) } }
}
