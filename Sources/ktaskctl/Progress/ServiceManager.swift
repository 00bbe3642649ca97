import LinuxSystem
import Synchronization

/// The service manager that started this process, told by sd_notify(3)'s protocol.
///
/// READY=1 goes out once all is verified and told, and not before; what `exec` runs tells of itself. More time is asked
/// for only when bytes have been done since it was last asked for: a run that hangs still meets its time limit.
///
/// A manager that does not read holds up nothing: what must be told waits, the rest is left out.
final class ServiceManager: ProgressListener, Outgoing {
  private struct State {
    /// How far it was when more time was last asked for.
    var extended = (run: 0, phase: Phase.preparing, done: -1)
    var waiting: [String] = []
    /// When that began to wait.
    var since: UInt64 = 0
  }
  private let socket: NotifySocket
  private let state = Mutex(State())

  /// How long the next chunk may take, in microseconds.
  static let extensionMicroseconds = 30_000_000

  /// How long it is waited for at the end, in nanoseconds.
  private static let patience: UInt64 = 5_000_000_000

  /// What is done then is what others wait for.
  let isReadiness: Bool
  /// Whether anything is proven by then.
  private let isVerified: Bool

  /// What is done is a round of a service's work, which goes on after it: the service itself tells its end, and it asks for no more
  /// time, which to systemd would be the end of all that a started service has.
  private let isRound: Bool

  private init(_ socket: consuming NotifySocket, isReadiness: Bool, isVerified: Bool, isRound: Bool) {
    self.socket = socket
    self.isRound = isRound
    self.isReadiness = isReadiness
    self.isVerified = isVerified
  }

  /// nil where there is none, or none that can be reached. `isReadiness`: once it is done, what waits may go on.
  static func fromEnvironment(
    isReadiness: Bool, isVerified: Bool = true, isRound: Bool = false
  ) -> ServiceManager? {
    guard let name = Terminal.environment("NOTIFY_SOCKET"), let socket = try? NotifySocket(name) else { return nil }
    return ServiceManager(socket, isReadiness: isReadiness, isVerified: isVerified, isRound: isRound)
  }

  func hear(_ event: ProgressEvent) {
    switch event {
    case .started(let state, _, _), .moved(let state):
      if state.phase != .holding && isEmpty { try? socket.send(movement(state).joined(separator: "\n")) }
    case .warned: break
    case .stopping: if !isRound { send(["STOPPING=1", "STATUS=stopping"]) }
    case .finished(let seconds, let held):
      send(
        (isReadiness ? ["READY=1"] : []) + [
          "STATUS=\(held ? "holding" : "done")\(isVerified ? ", verified" : "") after \(seconds.asTime)"
        ])
    case .failed(let failure): send(["STATUS=failed: \(failure.message.onOneLine)"])
    case .undone(let undone): send(["STATUS=undone\(undone.complete ? "" : " in part")"])
    case .released: send(["STATUS=released"])
    }
  }

  /// What a service has to say beside its work.
  func tell(_ lines: [String]) { send(lines) }

  private func movement(_ state: ProgressState) -> [String] {
    let run = state.runs > 1 ? [state.runWord] : []
    let parts =
      switch state.phase {
      case .verifying: [(["verifying"] + run).joined(separator: " ")]
      case .undoing: ["undoing"]
      case .preparing, .working, .holding: run
      }
    let what = (parts + [state.amount]).joined(separator: ", ")
    let status = "STATUS=\(state.command) \(state.subject.onOneLine): \(what)"
    let moved = self.state.withLock { own in
      let now = (state.run, state.phase, state.done)
      defer { own.extended = now }
      return now != own.extended
    }
    return moved && !isRound ? [status, "EXTEND_TIMEOUT_USEC=\(Self.extensionMicroseconds)"] : [status]
  }

  private func send(_ lines: [String]) {
    state.withLock { state in
      if state.waiting.isEmpty { state.since = Clock.now() }
      state.waiting.append(lines.joined(separator: "\n"))
      _ = push(&state)
    }
  }

  var number: Int32 { socket.number }
  var isEmpty: Bool { state.withLock { $0.waiting.isEmpty } }
  var isDue: Bool { state.withLock { !$0.waiting.isEmpty && Clock.since($0.since) < Self.patience } }
  func push() -> Bool { state.withLock { push(&$0) } }

  /// A manager that has gone away must not keep the memory from being made: what cannot be sent is dropped.
  private func push(_ state: inout State) -> Bool {
    var hasMoved = false
    while let message = state.waiting.first {
      do throws(Errno) {
        try socket.send(message)
      } catch {
        if error == .tryAgain { break }
      }
      state.waiting.removeFirst()
      hasMoved = true
    }
    return hasMoved
  }
}
