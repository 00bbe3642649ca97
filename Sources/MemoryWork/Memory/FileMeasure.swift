internal import LinuxSystem

/// How large a file was, is to be, and how much of it a job covers: in bytes.
struct FileMeasure {
  /// Of its pages: the pool's on hugetlbfs, else base pages.
  let pageSize: Int
  let originalSize: Int
  /// What was asked for: the size where nothing is said.
  let askedBytes: Int
  /// What the job covers: whole pages.
  let length: Int
  /// The size that it is to have.
  let size: Int

  /// Throws where no file can be so large, as a failed `operation`.
  init(
    _ asked: Int, of original: Int, on fileSystem: FileSystemFacts, _ operation: MemoryError.Operation, _ path: String
  ) throws(MemoryError) {
    let isPool = fileSystem.kind == .hugetlbfs
    pageSize = isPool ? fileSystem.blockSize : MemoryInfo.basePageSize
    guard let length = rounded(asked, up: pageSize) else {
      throw MemoryError(.failed(operation, .fileTooBig), path: path)
    }
    self.length = length
    originalSize = original
    askedBytes = asked
    size = max(original, isPool ? length : asked)
  }

  /// All that the job covers, on no node in particular.
  var whole: [Span] { [Span(region: 0, range: 0..<length)] }
}

extension MemoryFile {
  /// Bytes of its pages: the pool's on hugetlbfs, else base pages.
  public var pageSize: Int { measure.pageSize }
  /// Its size before, and the size that it is to have, in bytes.
  public var originalSize: Int { measure.originalSize }
  public var size: Int { measure.size }
  /// The bytes asked for: the size where nothing is said.
  var askedBytes: Int { measure.askedBytes }
  /// What the job covers: whole pages.
  public var length: Int { measure.length }

  /// Bytes that chunk ends are multiples of: huge pages that tmpfs may use are not cut.
  var alignment: Int { max(TransparentHugePages.unit(), pageSize) }

  /// A file system that keeps its files on disk: its memory is the page cache.
  public var isOnDisk: Bool { fileSystem.kind != .hugetlbfs && fileSystem.kind != .tmpfs }
}

/// What was there before.
extension MemoryFile {
  /// What an undo leaves: pages; on disk, blocks.
  public var present: Extents { before.present }
  public var presentIsExact: Bool { before.isExact }

  /// Bytes without memory (on disk: without blocks). Where that is not known exactly, those that it lacks for certain.
  public var missingBytes: Int {
    presentIsExact ? length - present.bytes : max(0, length - before.allocatedBytes)
  }

  /// Bytes that were ready before, of those that the job covers: in memory and cleared. nil: not known.
  public var residentBefore: Int? { before.readyBytes }

  /// Bytes that need memory, as far as is known: what is allocated and only not cleared has it.
  var bytesToAllocate: Int { before.residentBytes.map { length - $0 } ?? missingBytes }

  /// From the first page that is not known to be ready, which is in memory and cleared, to the last; on disk, where blocks and
  /// cached pages may lack in different places, all or nothing.
  var span: Range<Int>? {
    if isOnDisk { return presentIsExact && missingBytes == 0 && before.ready.bytes == length ? nil : 0..<length }
    return before.ready.gaps(in: 0..<length).hull
  }
}

extension [MemoryFile] {
  var pageSize: Int { reduce(MemoryInfo.basePageSize) { Swift.max($0, $1.pageSize) } }
  var alignment: Int { reduce(TransparentHugePages.unit()) { Swift.max($0, $1.pageSize) } }
  var length: Int { reduce(0) { $0 + $1.length } }
  /// All of each.
  var nodeTasks: [Span] {
    enumerated().flatMap { index, file in file.parts.clamped(to: 0..<file.length, region: index) }
  }
  /// How they are put back as they were, once nothing of them is mapped; whether all of it was possible.
  func putBack() -> Bool { reduce(true) { isComplete, file in file.putBack() && isComplete } }
}
