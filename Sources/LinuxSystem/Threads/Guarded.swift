/// A value that one thread at a time may use: the standard library's `Mutex` on a lock that the thread sanitizer sees.
/// `Mutex` locks inside a library that is not instrumented, so that whatever it guards looks like a race.
///
/// A child that was forked while another thread was changing the value begins anew, with what the value began with.
@safe
public struct Guarded<Value>: ~Copyable, @unchecked Sendable {
  // @unchecked: the value is touched under the lock only.
  private let lock = FutexLock()
  private let value: UnsafeMutablePointer<Value>
  private let first: @Sendable () -> Value

  /// `first`: what it begins with; made now, and once more in a forked child that inherits it half changed.
  public init(_ first: @autoclosure @escaping @Sendable () -> Value) {
    self.first = first
    unsafe value = .allocate(capacity: 1)
    unsafe value.initialize(to: first())
  }

  deinit {
    unsafe value.deinitialize(count: 1)
    unsafe value.deallocate()
  }

  /// Runs `body` with the lock held; it is not to lock again.
  public borrowing func withLock<Result, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    let isHalfChanged = lock.lock()
    defer { lock.unlock() }
    // nothing of a half changed value is let go of: nobody knows what in it is whole
    if isHalfChanged { unsafe value.initialize(to: first()) }
    return try unsafe body(&value.pointee)
  }
}
