internal import LinuxSystem

/// What the process's own limits must leave for a job: address space that it is mapped in (RLIMIT_AS) and, of that, what
/// is private and writable (RLIMIT_DATA). Neither is told by a failing call alone: Linux lets memory be mapped over a
/// reservation of its own beyond RLIMIT_DATA, and fails every allocation after it.
///
/// Where the kernel promises no more memory than there is (vm.overcommit_memory=2), it counts the same private and writable
/// memory, from the moment that it is mapped, and shared memory page by page; but none that is a pool's or a disk's.
extension MemoryJob {
  /// `threads`: those that are planned.
  public func limitChecks(_ facts: MachineFacts, threads: Int) -> [Check] {
    if bytes == 0 || !needsMemory { return [] }
    // one thread watches for signals and the time limit
    let own = Self.ownBytes + (threads + 1) * DetachedThread.stackBytes
    let path = files.count > 1 ? nil : files.first?.path
    let space = files.isEmpty ? anonymousSpace : files.map(\.length).sum()
    let data = files.isEmpty ? bytes : 0
    return facts.limitChecks(.addressSpaceLimit, space +| own, facts.addressSpace, path: path)
      + facts.limitChecks(.dataLimit, data +| own, facts.data, path: path)
      + facts.commitChecks(promised +| own, path: path)
  }

  /// What the kernel counts as promised.
  private var promised: Int {
    if files.isEmpty { return pageSize > MemoryInfo.basePageSize ? 0 : bytes }
    return files.filter { $0.fileSystem.kind == .tmpfs }.map(\.bytesToAllocate).sum()
  }

  /// Measured: with its bookkeeping for the largest files, beside the heap that it has from the start.
  private static var ownBytes: Int { 8 << 20 }

  /// Each region is walled in and aligned.
  private var anonymousSpace: Int {
    let regions = Set(nodeTasks.map(\.region)).count
    return bytes +| 2 *| alignment *| regions
  }
}

extension MachineFacts {
  /// Nothing where the kernel promises more than there is.
  func commitChecks(_ bytes: Int, path: String? = nil) -> [Check] {
    switch commitLimit {
    case .success(nil): []
    case .success(let limit?):
      [Check(.commitLimit(memory: limit.memoryBytes), need: bytes, have: limit.left(for: bytes), path: path)]
    case .failure(let unread): [Check(.commitLimit(memory: 0), need: bytes, notMade: unread, path: path)]
    }
  }
}

extension MemoryError {
  /// A mapping that failed, with the limit that it failed on where it is one.
  static func mapping(_ errno: Errno, path: String? = nil, bytes: Int, pageSize: Int) -> MemoryError {
    if errno == .noMemory, let check = limit(against: bytes, path) { return MemoryError(.short(check), path: path) }
    return MemoryError(.failed(.map, errno), path: path, bytes: bytes, pageSize: pageSize)
  }

  private static func limit(against bytes: Int, _ path: String?) -> Check? {
    guard let facts = try? MachineFacts.current() else { return nil }
    let checks =
      facts.limitChecks(.addressSpaceLimit, bytes, facts.addressSpace, path: path)
      + facts.limitChecks(.dataLimit, bytes, facts.data, path: path)
    return checks.first { !$0.isMet }
  }
}
