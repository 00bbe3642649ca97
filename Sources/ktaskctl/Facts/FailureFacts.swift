import LinuxSystem
import MemoryWork

/// What the words of a failure name of the machine, besides what the error knows: values, which tests make up.
struct FailureFacts: Sendable {
  /// Who reads it, and what helps there.
  var here: Surroundings
  /// What the file is on, and its size; nil where that is not told.
  var mountPoint: (path: String, totalBytes: Int?)?
  var hugePageMounts = HugePageMounts()
  /// Why the pool that has run out cannot be looked at; nil: it can.
  var poolUnread: Unreadable?
  /// Nodes that this process may have memory of; nil where the kernel does not tell.
  var allowedNodes: NodeSet?

  init(here: Surroundings) { self.here = here }
}

extension FailureFacts {
  /// Asks for what this error's words need, and for nothing else.
  static func gathered(for error: MemoryError) -> FailureFacts {
    var facts = FailureFacts(here: .current())
    switch error.cause {
    case .short(let check):
      guard case .space(let fileSystem, _) = check.what else { break }
      if fileSystem == "tmpfs" { facts.mountPoint = check.path.flatMap(mountPoint) }
      if fileSystem == "hugetlbfs" { facts.hugePageMounts.holder = check.path.flatMap(HugePageMounts.holder) }
    case .transparentOff where error.path != MemoryFile.memfd: facts.mountPoint = error.path.flatMap(mountPoint)
    case .wrongPageSize where (error.pageSize ?? 0) > MemoryInfo.basePageSize:
      facts.hugePageMounts = .around(error.path)
    case .noSuchNodes: facts.allowedNodes = .allowed()
    case .failed: facts.poolUnread = unreadPool(error.pageSize)
    default: break
    }
    return facts
  }

  private static func mountPoint(of path: String) -> (path: String, totalBytes: Int?)? {
    MountPoint.holding(path).map { ($0.path, $0.totalBytes) }
  }

  private static func unreadPool(_ pageSize: Int?) -> Unreadable? {
    guard let pageSize, pageSize > MemoryInfo.basePageSize else { return nil }
    do throws(Unreadable) {
      _ = try HugePagePool.of(pageSize: pageSize)
      return nil
    } catch {
      return error
    }
  }
}

extension Failure {
  /// As it is told where this process runs.
  init(_ error: MemoryError) { self = error.failure(.gathered(for: error)) }
}
