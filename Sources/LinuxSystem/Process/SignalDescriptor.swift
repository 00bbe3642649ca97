internal import CLinux
internal import Glibc

/// Signals that wait to be read, for a thread that has nothing else to do than to wait for them.
public struct SignalDescriptor: ~Copyable {
  private let file: FileDescriptor

  /// What there was to wait for.
  public enum Event: Equatable, Sendable {
    case signal(Int32)
    /// Standard input has ended, or cannot be read any more.
    case inputEnded
    /// What was to be waited for, too, can be read.
    case readable
  }

  /// Of these signals, which must be blocked in every thread (signalfd(2)).
  public init(_ signals: [Int32]) throws(Errno) {
    var number: Int32 = -1
    try Errno.check(unsafe clinux_signal_descriptor(signals, signals.count, &number))
    file = FileDescriptor(owning: number)
  }

  /// Waits for what comes first: a signal or, `orEndOfInput`, the end of standard input, whose content is read and
  /// dropped, or `other` can be read (poll(2)). nil where none of them comes within `milliseconds`, if there is such a limit.
  public func next(
    orEndOfInput: Bool, orReadable other: Int32 = -1, milliseconds: Int? = nil
  ) throws(Errno) -> Event? {
    while true {
      var ready = [
        pollfd(fd: file.number, events: Int16(POLLIN), revents: 0),
        pollfd(fd: orEndOfInput ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: other, events: Int16(POLLIN), revents: 0),
      ]
      let count = unsafe poll(&ready, nfds_t(ready.count), Int32(milliseconds ?? -1))
      if count == -1 {
        let error = Errno.current
        if error != .interrupted { throw error }
      } else if count == 0 {
        return nil
      } else if ready[0].revents != 0 {
        return .signal(try nextSignal())
      } else if ready[1].revents != 0 && Self.inputHasEnded() {
        return .inputEnded
      } else if ready[2].revents != 0 {
        return .readable
      }
    }
  }

  private func nextSignal() throws(Errno) -> Int32 {
    var number: Int32 = 0
    try Errno.check(unsafe clinux_next_signal(file.number, &number))
    return number
  }

  /// Drops what there is to be read.
  private static func inputHasEnded() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe read(STDIN_FILENO, &buffer, buffer.count)
    return count == 0 || (count == -1 && ![.interrupted, .tryAgain].contains(Errno.current))
  }
}
