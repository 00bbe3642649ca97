import Glibc
import LinuxSystem

/// The plain way, with nothing of KTask: threads started, each given an equal share, joined.
enum Threads {
  /// Runs `body` with 0, 1 … on `count` threads; with 1 on the calling one.
  static func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if count == 1 { return body(0) }
    withoutActuallyEscaping(body) { body in
      let threads = (0..<count).map { index in start { body(index) } }
      for thread in threads { pthread_join(thread, nil) }
    }
  }

  private final class Start: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    let context = unsafe Unmanaged.passRetained(Start(body)).toOpaque()
    var thread = pthread_t()
    let error = unsafe pthread_create(
      &thread, nil,
      { context in
        unsafe Unmanaged<Start>.fromOpaque(context!).takeRetainedValue().body()
        return nil
      }, context)
    precondition(error == 0, "pthread_create: \(Errno(error))")
    return thread
  }
}
