public import LinuxSystem

/// A failed chunk's error: small and trivial, so that throwing it allocates nothing.
public struct ChunkFailure: Error, BitwiseCopyable, Equatable {
  public enum What: BitwiseCopyable, Equatable, Sendable {
    /// A call failed.
    case failed(MemoryError.Operation, Errno)
    /// No call did: a byte was not zero.
    case notZero
  }
  public var what: What
  /// Bytes from the chunk's start, where that is known.
  public var at: Int

  @_noLocks
  init(operation: MemoryError.Operation, errno: Errno, at: Int = 0) {
    what = .failed(operation, errno)
    self.at = at
  }

  @_noLocks
  private init(_ what: What, at: Int) {
    self.what = what
    self.at = at
  }

  @_noLocks
  static func notZero(at: Int) -> ChunkFailure { ChunkFailure(.notZero, at: at) }

  var cause: MemoryError.Cause {
    switch what {
    case .failed(let operation, let errno): .failed(operation, errno)
    case .notZero: .notZero
    }
  }
}
