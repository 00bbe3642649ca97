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
  private var presentIsExact: Bool { file?.presentIsExact ?? true }

  public init(_ memory: AnonymousMemory) { kind = .anonymous(memory) }

  public init(_ file: MemoryFile) throws(MemoryError) {
    if file.isOnDisk { throw MemoryError(.wrongFileSystem(file.fileSystem.kind.rawValue), path: file.path) }
    kind = .file(file)
  }

  var file: MemoryFile? {
    if case .file(let file) = kind { return file }
    return nil
  }
  var path: String? { file?.path }
  var bytes: Int {
    switch kind {
    case .anonymous(let memory): memory.bytes
    case .file(let file): file.length
    }
  }
  var pageSize: Int {
    switch kind {
    case .anonymous(let memory): memory.pageSize
    case .file(let file): file.pageSize
    }
  }
  var alignment: Int {
    switch kind {
    case .anonymous(let memory): memory.page.alignment
    case .file(let file): file.alignment
    }
  }
  /// Its node tasks.
  var parts: [Span] {
    switch kind {
    case .anonymous(let memory): memory.parts
    case .file(let file): file.parts
    }
  }
  /// Pages of a pool.
  var isPool: Bool { pageSize > MemoryInfo.basePageSize }

  func checks(_ facts: MachineFacts) -> [Check] {
    switch kind {
    case .anonymous(let memory): memory.checks(facts)
    case .file(let file): fileChecks([file], facts)
    }
  }

  /// Maps it, for one run.
  func map(_ recipe: Recipe) throws(MemoryError) -> RegionTable {
    switch kind {
    case .anonymous(let memory):
      try memory.map()
      return memory.table(recipe)
    case .file(let file):
      try file.begin(watch)
      return RegionTable([file.region(recipe)], present: [file.present])
    }
  }

  /// What the kernel says is there, of which kind and where; throws where that is less than all.
  func verifyResident(
    _ table: RegionTable, _ control: TaskControl, _ monitor: TaskMonitor?
  ) throws(MemoryError) -> Verification {
    switch kind {
    case .anonymous(let memory): try verifyAnonymous([memory], table, parts, control, monitor)
    case .file(let file): try verifyFiles([file], table, control, monitor)
    }
  }

  /// Unmaps it, and gives a file back the size that it had; true when all of that was possible.
  func unmap(finally: Bool) -> Bool {
    switch kind {
    case .anonymous(let memory):
      memory.unmap()
      return true
    case .file(let file):
      return file.restore(removing: finally) && presentIsExact
    }
  }
}

extension Region {
  /// Gives back the pages that were not there before; their bytes. Nothing must lock or pin them any more.
  @_noLocks
  func giveBackNew(from: Int, to: Int) -> Int {
    if file >= 0 { return giveBackAdded(from: from, to: to) }
    do throws(Errno) {
      try Memory.giveBack(address + UInt(from), to - from)
      return to - from
    } catch {
      return 0
    }
  }
}
