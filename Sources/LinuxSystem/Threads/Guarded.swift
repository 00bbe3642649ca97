/// A value that one thread at a time may use: the standard library's `Mutex` on a lock that the thread sanitizer sees.
/// `Mutex` locks inside a library that is not instrumented, so that whatever it guards looks like a race.
@safe
public struct Guarded<Value>: ~Copyable, @unchecked Sendable {
  // @unchecked: the value is touched under the lock only.
  private let lock = FutexLock()
  private let value: UnsafeMutablePointer<Value>

  public init(_ value: sending Value) {
    unsafe self.value = .allocate(capacity: 1)
    unsafe self.value.initialize(to: value)
  }

  deinit {
    unsafe value.deinitialize(count: 1)
    unsafe value.deallocate()
  }

  /// Runs `body` with the lock held; it is not to lock again.
  public borrowing func withLock<Result, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    lock.lock()
    defer { lock.unlock() }
    return try unsafe body(&value.pointee)
  }
}
