import LinuxSystem
import MemoryWork

/// What a command asks for, in values.
enum JobRequest: Equatable {
  case clearAnonymous(bytes: Int)
  case clear(files: [String])
  case prefault(files: [String])
  case pinAnonymous(bytes: Int, PinRequest)
  case pin(file: String, PinRequest)

  /// What is left afterwards is the aim, not only the figures.
  var keepsResult: Bool {
    switch self {
    case .prefault, .clear: true
    case .clearAnonymous, .pinAnonymous, .pin: false
    }
  }

  /// Opens what it names and says what is wrong with it; changes nothing.
  func open(size: Int?, page: PageSizeWord?, method: Method?) throws(MemoryError) -> any MemoryJob {
    switch self {
    case .clearAnonymous(let bytes):
      return try ClearAnonymousJob(AnonymousMemory(bytes: bytes, page: pageKind(page)), method: method)
    case .pinAnonymous(let bytes, let pin):
      return try pin.job(PinnedMemory(AnonymousMemory(bytes: bytes, page: pageKind(page))), method: method)
    case .clear(let paths):
      return try ClearFileJob(openFiles(paths, size, page, creating: false), method: method)
    case .prefault(let paths):
      return try PrefaultJob(openFiles(paths, size, page, creating: true), method: method)
    case .pin(let path, let pin):
      return try pin.job(PinnedMemory(openFiles([path], size, page, creating: false)[0]), method: method)
    }
  }
}

private func pageKind(_ word: PageSizeWord?) throws(MemoryError) -> PageKind {
  switch word {
  case nil: return .preferred
  case .transparent:
    if PageKind.preferred != .transparent { throw MemoryError(.transparentOff) }
    return .transparent
  case .bytes(let bytes):
    guard let kind = PageKind.of(bytes: bytes) else { throw MemoryError(.noSuchPageSize, pageSize: bytes) }
    return kind
  }
}

private func openFiles(
  _ paths: [String], _ size: Int?, _ page: PageSizeWord?, creating: Bool
) throws(MemoryError) -> [MemoryFile] {
  if case .bytes(let bytes) = page, PageKind.of(bytes: bytes) == nil {
    throw MemoryError(.noSuchPageSize, path: paths[0], pageSize: bytes)
  }
  let files = try MemoryFile.open(paths, size: size, creating: creating)
  if let page {
    for file in files { try demand(page, of: file) }
  }
  return files
}

/// A FILE's page size is its file system's: naming another is a mistake to be told, not a wish to be granted.
private func demand(_ page: PageSizeWord, of file: MemoryFile) throws(MemoryError) {
  switch page {
  case .bytes(file.pageSize): return
  case .bytes(let bytes): throw MemoryError(.wrongPageSize(has: file.pageSize), path: file.path, pageSize: bytes)
  case .transparent:
    if file.fileSystem.kind != .tmpfs || TransparentHugePages.current()?.shared == .never {
      throw MemoryError(.transparentOff, path: file.path)
    }
  }
}
