import Glibc

/// OpenMP's loop with `schedule(dynamic, 1)` as GCC compiles it: by the calls of its library, where that is installed.
@safe
struct OpenMP: @unchecked Sendable {
  // @unchecked: functions of C.
  private typealias Body = @convention(c) (UnsafeMutableRawPointer?) -> Void
  private typealias Loop =
    @convention(c) (Body, UnsafeMutableRawPointer?, UInt32, Int, Int, Int, Int, UInt32) -> Void
  private typealias Next = @convention(c) (UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>) -> Bool
  private typealias End = @convention(c) () -> Void

  /// What each thread gets.
  @safe
  private struct Context {
    let next: Next
    let end: End
    let body: (Int) -> Void
  }
  private let loop: Loop
  private let next: Next
  private let end: End

  /// nil: the library is not there.
  static let library = OpenMP()

  private init?() {
    guard let library = unsafe dlopen("libgomp.so.1", RTLD_NOW),
      let loop = unsafe dlsym(library, "GOMP_parallel_loop_dynamic"),
      let next = unsafe dlsym(library, "GOMP_loop_dynamic_next"),
      let end = unsafe dlsym(library, "GOMP_loop_end_nowait")
    else { return nil }
    unsafe self.loop = unsafe unsafeBitCast(loop, to: Loop.self)
    unsafe self.next = unsafe unsafeBitCast(next, to: Next.self)
    self.end = unsafe unsafeBitCast(end, to: End.self)
  }

  /// Calls `body` with each number below `count`, on so many threads, the caller among them.
  func run(_ count: Int, threads: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var context = unsafe Context(next: next, end: end, body: body)
      let work: Body = { pointer in
        guard let context = unsafe pointer?.assumingMemoryBound(to: Context.self) else { return }
        var (from, to) = (0, 0)
        while unsafe context.pointee.next(&from, &to) {
          for number in from..<to { unsafe context.pointee.body(number) }
        }
        unsafe context.pointee.end()
      }
      unsafe withUnsafeMutablePointer(to: &context) { context in
        unsafe loop(work, UnsafeMutableRawPointer(context), UInt32(threads), 0, count, 1, 1, 0)
      }
    }
  }
}
