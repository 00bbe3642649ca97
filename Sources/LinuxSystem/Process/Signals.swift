internal import Glibc

/// The process's signals, for the one thread that takes them.
public enum Signals {
  /// Keeps them waiting for whoever takes them, in the calling thread and in those that it starts (pthread_sigmask(3)).
  public static func block(_ signals: [Int32]) throws(Errno) { try mask(SIG_BLOCK, signals) }

  /// Lets them do to the process what they do, when the calling thread is there to get them.
  public static func unblock(_ signals: [Int32]) throws(Errno) { try mask(SIG_UNBLOCK, signals) }

  /// They do nothing from now on (sigaction(2), SIG_IGN).
  public static func ignore(_ signals: [Int32]) throws(Errno) {
    for number in signals { _ = try setAction(number, SIG_IGN) }
  }

  /// Takes one of them, which must be blocked in every thread; nil where none comes in time (sigtimedwait(2)).
  public static func next(of signals: [Int32], nanoseconds: Int) throws(Errno) -> Int32? {
    var set = Self.set(signals)
    var wait = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
    let number = unsafe sigtimedwait(&set, nil, &wait)
    if number > 0 { return number }
    let error = Errno.current
    if error == .tryAgain || error == .interrupted { return nil }
    throw error
  }

  /// The same without waiting, where `next` is refused (sigpending(2)). A signal that is ignored for a moment is taken.
  public static func takePending(of signals: [Int32]) throws(Errno) -> Int32? {
    var set = sigset_t()
    if unsafe sigpending(&set) == -1 { throw Errno.current }
    guard let number = signals.first(where: { unsafe sigismember(&set, $0) == 1 }) else { return nil }
    var before = try setAction(number, SIG_IGN)
    if unsafe sigaction(number, &before, nil) == -1 { throw Errno.current }
    return number
  }

  private static func setAction(_ signal: Int32, _ handler: __sighandler_t?) throws(Errno) -> sigaction {
    var (action, before) = (sigaction(), sigaction())
    unsafe action.__sigaction_handler.sa_handler = handler
    if unsafe sigaction(signal, &action, &before) == -1 { throw Errno.current }
    return before
  }

  private static func mask(_ how: Int32, _ signals: [Int32]) throws(Errno) {
    var set = Self.set(signals)
    try Errno.check(unsafe pthread_sigmask(how, &set, nil))
  }

  private static func set(_ signals: [Int32]) -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in signals { unsafe sigaddset(&set, number) }
    return set
  }
}

/// What a process does with some of its signals.
@safe
public struct SignalActions: @unchecked Sendable {
  // @unchecked: plain values, written once.
  private let actions: [(signal: Int32, action: sigaction)]

  /// As it is now (sigaction(2)).
  public init(of signals: [Int32]) throws(Errno) {
    var actions: [(signal: Int32, action: sigaction)] = []
    for number in signals {
      var action = sigaction()
      if unsafe sigaction(number, nil, &action) == -1 { throw Errno.current }
      actions.append((number, action))
    }
    self.actions = actions
  }

  /// Those that it ignores, as what nohup(1) starts ignores SIGHUP.
  public var ignored: [Int32] {
    let ignoring = unsafe unsafeBitCast(SIG_IGN, to: UInt.self)
    return actions.filter {
      unsafe unsafeBitCast($0.action.__sigaction_handler.sa_handler, to: UInt.self) == ignoring
    }.map(\.signal)
  }

  /// Does the same with them again, and lets every signal through (pthread_sigmask(3)): a thread of a test or a service
  /// that starts programs often has all of them blocked, which is no wish of its own. What has waited so long may end the
  /// process now.
  public func restore() throws(Errno) {
    for entry in actions {
      var action = entry.action
      if unsafe sigaction(entry.signal, &action, nil) == -1 { throw Errno.current }
    }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    try Errno.check(unsafe pthread_sigmask(SIG_SETMASK, &none, nil))
  }
}
