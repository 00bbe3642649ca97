internal import LinuxSystem

extension MemoryFile {
  /// Several files to look at. A stock stands for its files that are ready.
  public static func look(
    at paths: [String], size: Int?, _ looking: Looking = Looking()
  ) throws(MemoryError) -> [MemoryFile] {
    let named = NamedFiles()
    var files: [MemoryFile] = []
    for path in paths {
      if let stock = try Stock.known(at: path, mayBeEmpty: true) {
        files += try stock.readyFiles(size: size, beside: named, looking)
      } else {
        files.append(try MemoryFile(lookingAt: path, size: size, beside: named, looking))
      }
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
    let named = NamedFiles()
    let files = try wanted.map { file throws(MemoryError) in
      try MemoryFile(
        file.path, size: file.size, creating: creating, mayBeEmpty: mayBeEmpty, beside: named, looking)
    }
    try refuseTooMuch(files.map(\.length), path: files.first?.path)
    return files
  }

  /// Which file it is; nil where that is not known.
  public var identity: FileIdentity? {
    guard let place else { return nil }
    do throws(Errno) {
      return try FileIdentity(descriptor?.value.status(), at: place.value)
    } catch {
      return nil
    }
  }
}
