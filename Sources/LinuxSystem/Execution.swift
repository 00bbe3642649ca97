internal import CLinux
internal import Glibc

/// The words that this program was started with.
public enum CommandLineWords {
  /// In their order, without the program's name; nil for one that is not UTF-8: as a string it would be another name.
  public static func all() -> [String?] {
    (1..<max(1, clinux_word_count())).map { index in
      unsafe clinux_word(index).flatMap { unsafe String(validatingCString: $0) }
    }
  }
}

/// Another program in this process's place.
public enum Execution {
  /// Runs a program with its words, the first of which is looked for in PATH unless it has a slash (execvp(3)); comes
  /// back only where that failed.
  public static func replace(by words: [String]) -> Errno {
    let arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    unsafe execvp(arguments[0]!, arguments)
    let error = Errno.current
    for index in unsafe arguments.indices { unsafe free(arguments[index]) }
    return error
  }

  /// Whether there is a file of that name where `replace` would look for it.
  public static func isThere(_ program: String) -> Bool {
    if program.contains("/") { return unsafe access(program, F_OK) == 0 }
    let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/bin:/usr/bin"
    return path.split(separator: ":", omittingEmptySubsequences: false).contains { folder in
      unsafe access("\(folder.isEmpty ? "." : folder)/\(program)", F_OK) == 0
    }
  }
}

extension FileDescriptor {
  /// Lets a program that takes this process's place have it, under the same number (fcntl(2), F_SETFD).
  public func keepOverExecution() throws(Errno) {
    if fcntl(number, F_SETFD, 0) == -1 { throw Errno.current }
  }

  /// Nobody can make it shorter from now on, nor take the seal off (fcntl(2), F_SEAL_SHRINK and F_SEAL_SEAL); of a memfd.
  public func sealAgainstShrinking() throws(Errno) {
    try Errno.check(clinux_seal_shrink(number))
  }
}

/// What a process does with some of its signals: whether it ignores them.
@safe
public struct SignalActions: @unchecked Sendable {
  // @unchecked: plain values, written once.
  private let actions: [(signal: Int32, action: sigaction)]

  /// As it is now (sigaction(2)).
  public init(of signals: [Int32]) {
    actions = signals.map { number in
      var action = sigaction()
      unsafe sigaction(number, nil, &action)
      return (number, action)
    }
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
  public func restore() {
    for entry in actions {
      var action = entry.action
      unsafe sigaction(entry.signal, &action, nil)
    }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
  }
}
