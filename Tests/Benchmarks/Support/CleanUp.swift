import Glibc
import LinuxSystem
import Synchronization

/// What a part changed on the machine, put back at the part's end or when a signal ends the program.
enum CleanUp {
  private static let actions = Mutex<[@Sendable () -> Void]>([])

  static func add(_ action: @escaping @Sendable () -> Void) { actions.withLock { $0.append(action) } }

  /// Last in, first out.
  static func run() {
    let due = actions.withLock { actions in
      defer { actions = [] }
      return actions
    }
    for action in due.reversed() { action() }
  }

  /// To be called before other threads are made: they inherit the mask.
  static func beforeDyingOfSignals() {
    var ending = sigset_t()
    unsafe sigemptyset(&ending)
    for signal in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&ending, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &ending, nil)
    let awaited = ending
    try? DetachedThread.start("signals") {
      var awaited = awaited
      var signal: Int32 = 0
      unsafe sigwait(&awaited, &signal)
      run()
      _exit(128 + signal)
    }
  }
}

/// nil where it is empty, too.
func environment(_ name: String) -> String? {
  let value = unsafe getenv(name).map { unsafe String(cString: $0) }
  return value?.isEmpty == true ? nil : value
}
