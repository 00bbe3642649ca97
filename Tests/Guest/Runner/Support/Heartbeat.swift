import Glibc
import Synchronization

/// A line to the host every few seconds while the tests get on: the host takes a guest for hung that says nothing for
/// long (boot.sh), and a test may take longer than that.
enum Heartbeat {
  /// When something last got on, in milliseconds.
  private static let progress = Atomic<Int>(0)

  /// Something got on: a test or a program began, or whoever waits knows how long that may take.
  static func beat() { progress.store(Int(Clock.seconds * 1000), ordering: .relaxed) }

  /// Longer than any step of a test takes, and nothing has got on.
  fileprivate static var isOver: Bool {
    Clock.seconds - Double(progress.load(ordering: .relaxed)) / 1000 > 2 * Speed.patience
  }

  /// From now on, on a thread of its own.
  static func start() {
    beat()
    var thread = pthread_t()
    let error = unsafe pthread_create(&thread, nil, heartbeat, nil)
    if error != 0 { unsafe Report.write("no heartbeat: \(String(cString: strerror(error)))") }
  }
}

@c
private func heartbeat(_ nothing: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  while !Heartbeat.isOver {
    sleep(3)
    Report.write("alive")
  }
  return nil
}
