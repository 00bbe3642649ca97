public import CLinux

/// Threads that nobody joins.
public enum DetachedThread {
  /// Starts a thread called `name` (15 bytes are kept) that runs `body` once, every signal blocked but those of
  /// faults (pthread_create(3)). Fails with EAGAIN when there are too many.
  public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
    let context = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
    let result = unsafe clinux_start_thread(
      name, { context in unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().body() }, context)
    if result != 0 { unsafe Unmanaged<Body>.fromOpaque(context).release() }
    try Errno.check(result)
  }

  private final class Body: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Bytes of address space that a thread takes for its stack.
  public static var stackBytes: Int { clinux_thread_stack() }

  /// The calling thread's number (gettid(2)).
  @inlinable
  public static var currentID: Int { Int(clinux_thread_id()) }
}
