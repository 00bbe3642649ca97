import LinuxSystem
import Synchronization

/// The service manager that started this process, told by sd_notify(3)'s protocol.
///
/// READY=1 goes out once all is verified and told, and not before; what `exec` runs tells of itself. More time is asked
/// for only when bytes have been done since it was last asked for: a run that hangs still meets its time limit.
final class ServiceManager: Follower {
  private let socket: NotifySocket
  private let extended = Mutex<(run: Int, done: Int)>((0, -1))

  /// How long the next chunk may take, in microseconds.
  static let extensionMicroseconds = 30_000_000

  private let isReadiness: Bool

  private init(_ socket: consuming NotifySocket, isReadiness: Bool) {
    self.socket = socket
    self.isReadiness = isReadiness
  }

  /// nil where there is none, or none that can be reached. `isReadiness`: once it is done, what waits may go on.
  static func fromEnvironment(isReadiness: Bool) -> ServiceManager? {
    guard let name = Terminal.environment("NOTIFY_SOCKET"), let socket = try? NotifySocket(name) else { return nil }
    return ServiceManager(socket, isReadiness: isReadiness)
  }

  func hear(_ event: ProgressEvent) {
    switch event {
    case .started(let state, _, _), .moved(let state):
      if state.phase != .holding { send(movement(state), waiting: false) }
    case .stopping: send(["STOPPING=1", "STATUS=stopping"])
    case .finished(let seconds, let held):
      send((isReadiness ? ["READY=1"] : []) + ["STATUS=\(held ? "holding" : "done"), verified after \(seconds.asTime)"])
    case .failed(let failure): send(["STATUS=failed: \(Self.onOneLine(failure.message))"])
    case .undone(let undone): send(["STATUS=undone\(undone.complete ? "" : " in part")"])
    case .released: send(["STATUS=released"])
    }
  }

  private func movement(_ state: ProgressState) -> [String] {
    let what = state.phase == .verifying ? "verifying \(ByteSize.text(state.total))" : state.amount
    let status = "STATUS=\(state.command) \(Self.onOneLine(state.subject)): \(what)"
    let moved = extended.withLock { last in
      let isFurther = (state.run, state.done) > (last.run, last.done)
      if isFurther { last = (state.run, state.done) }
      return isFurther
    }
    return moved ? [status, "EXTEND_TIMEOUT_USEC=\(Self.extensionMicroseconds)"] : [status]
  }

  /// A manager that has gone away must not keep the memory from being made: what cannot be sent is dropped.
  private func send(_ lines: [String], waiting: Bool = true) {
    try? socket.send(lines.joined(separator: "\n"), waiting: waiting)
  }

  /// A file's name may contain what ends a line, and so begin another one.
  private static func onOneLine(_ text: String) -> String { String(text.map { $0.isNewline ? "?" : $0 }) }
}
