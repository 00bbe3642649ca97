internal import CLinux

/// A thread that costs its process little, for work that allocates nothing: it has a small stack and no heap of its own. Signals do
/// not reach it.
@safe
public struct HelperThread: ~Copyable, @unchecked Sendable {
  // @unchecked: the pointee is written before the thread begins, and read by it and by `join`.
  private let helper: UnsafeMutablePointer<clinux_helper>

  /// What a thread is made as; it stays so.
  public struct Kind: Hashable, Sendable {
    public var nice: Int
    public var schedulingClass: SchedulingClass
    /// Bytes of its stack, rounded up to pages. Where thread-local variables leave no room, it has the usual size.
    public var stack: Int

    public init(nice: Int, schedulingClass: SchedulingClass, stack: Int) {
      self.nice = nice
      self.schedulingClass = schedulingClass
      self.stack = stack
    }
  }

  /// A thread to be.
  public init(_ kind: Kind) {
    unsafe helper = .allocate(capacity: 1)
    unsafe helper.initialize(to: clinux_helper())
    unsafe helper.pointee.nice = Int32(kind.nice)
    unsafe helper.pointee.class = kind.schedulingClass.number
    unsafe helper.pointee.stack = Self.pages(kind.stack)
  }

  private static func pages(_ bytes: Int) -> Int { (max(1, min(bytes, 1 << 40)) + 0xFFFF) & ~0xFFFF }

  deinit {
    unsafe helper.deinitialize(count: 1)
    unsafe helper.deallocate()
  }

  /// Starts the thread (pthread_create(3)), which calls `body` with `object`; that is not retained, and must live, as this must,
  /// until `join` returns or, for a thread that leaves, until it is gone. Fails with EAGAIN where there are too many.
  public borrowing func start(
    of object: AnyObject, _ body: @escaping @convention(c) (UnsafeMutableRawPointer) -> Void
  ) throws(Errno) {
    unsafe helper.pointee.body = unsafe body
    unsafe helper.pointee.context = unsafe Unmanaged.passUnretained(object).toOpaque()
    try Errno.check(unsafe clinux_helper_start(helper))
  }

  /// The calling thread, one of these, is about to end by itself: nobody joins it.
  public static func leave() { clinux_helper_leave() }

  /// Whether the thread of this number has ended for good: nothing of this value is used any more.
  public static func isGone(_ number: Int) -> Bool { clinux_thread_is_gone(Int32(number)) }

  /// Waits until the thread, which has this number, has returned from its body and is gone from the process.
  public borrowing func join(_ number: Int) { unsafe clinux_helper_join(helper, Int32(number)) }
}
