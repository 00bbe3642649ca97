internal import KTask
internal import LinuxSystem

/// The memory that is pinned: anonymous, or a file's.
public final class PinnedMemory {
  private enum Kind {
    case anonymous(AnonymousMemory)
    case file(MemoryFile)
  }
  private let kind: Kind
  private lazy var watch = OpenWatch.started()
  let bytes: Int
  let pageSize: Int
  let alignment: Int
  /// Bytes of the largest pages that it comes in.
  let largestPage: Int
  /// Its node tasks.
  let parts: [Span]

  public init(_ memory: AnonymousMemory) {
    kind = .anonymous(memory)
    bytes = memory.bytes
    pageSize = memory.pageSize
    alignment = memory.page.alignment
    largestPage = alignment
    parts = memory.parts
  }

  public init(_ file: MemoryFile) throws(MemoryError) {
    if file.isOnDisk { throw MemoryError(.wrongFileSystem(file.fileSystem.kind.rawValue), path: file.path) }
    kind = .file(file)
    bytes = file.length
    pageSize = file.pageSize
    alignment = file.alignment
    largestPage = file.isTransparent ? alignment : pageSize
    parts = file.parts
  }

  var files: [MemoryFile] {
    if case .file(let file) = kind { return [file] }
    return []
  }
  var path: String? { files.first?.path }
  /// Pages of a pool.
  var isPool: Bool { pageSize > MemoryInfo.basePageSize }

  func checks(_ facts: MachineFacts) -> [Check] {
    switch kind {
    case .anonymous(let memory): memory.checks(facts)
    case .file(let file): fileChecks([file], facts)
    }
  }

  /// Maps it, for one run.
  func map(_ recipe: Recipe) throws(MemoryError) -> any MappedMemory {
    switch kind {
    case .anonymous(let memory): try MappedPieces([memory], recipe)
    case .file(let file): try MappedFiles([file], parts, watch) { _ in recipe }
    }
  }
}
