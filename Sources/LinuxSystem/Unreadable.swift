/// Something that the kernel did not tell, which is not the same as something that is not there.
public struct Unreadable: Error, Hashable, Sendable, CustomStringConvertible {
  /// Why it was not told.
  public enum Reason: Hashable, Sendable {
    case failed(Errno)
    /// It could be read, and says something else than it should.
    case isUnclear
    /// It is outside of what this process may see.
    case isHidden
  }
  /// A file, a call or a limit: `/proc/meminfo`, `getrusage(2)`, `RLIMIT_AS`.
  public let what: String
  public let reason: Reason

  public init(_ what: String, _ reason: Reason) {
    self.what = what
    self.reason = reason
  }

  public init(_ what: String, _ errno: Errno) { self.init(what, .failed(errno)) }

  /// The kernel's error, where it gave one.
  public var errno: Errno? {
    if case .failed(let errno) = reason { return errno }
    return nil
  }

  public var description: String {
    switch reason {
    case .failed(let errno): "\(what) cannot be read (\(errno.name))"
    case .isUnclear: "\(what) does not tell"
    case .isHidden: "\(what) cannot be seen from here"
    }
  }

  /// Whether it is this process that lacks descriptors or memory to ask with: no other answer means anything then.
  public var isShortage: Bool {
    errno.map { [.tooManyFiles, .tooManyFilesInAll, .noMemory].contains($0) } ?? false
  }
}

/// What the kernel told, or why it did not.
public typealias Fact<Value> = Result<Value, Unreadable>

extension Result where Failure == Unreadable {
  /// What was told; nil where nothing was, which the caller has a word for.
  public var known: Success? { try? get() }

  /// Why nothing was told.
  public var unread: Unreadable? {
    if case .failure(let unread) = self { return unread }
    return nil
  }
}
