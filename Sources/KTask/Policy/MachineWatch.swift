internal import LinuxSystem

/// This machine as a process of long life finds it: asked anew now and then, since asking costs more than a small task.
final class MachineWatch: Sendable {
  static var shared: MachineWatch { OnlyObject.machine.get { MachineWatch() } }

  /// How old an answer may be, in nanoseconds: of control groups and of which CPUs and nodes are online; and of all else, which
  /// is asked as soon as those are others, too.
  static let brief: UInt64 = 1_000_000_000
  static let long: UInt64 = 60_000_000_000

  private struct State {
    var machine: Machine?
    var online: [String?] = []
    var askedAt: UInt64 = 0
    var askedAllAt: UInt64 = 0
  }
  private let state = Guarded(State())
  private let files: SystemFiles
  private let now: @Sendable () -> UInt64

  init(_ files: SystemFiles = SystemFiles(), now: @escaping @Sendable () -> UInt64 = { Clock.now() }) {
    self.files = files
    self.now = now
  }

  /// What was found last, however long ago, for a task that gets no helpers anyway.
  func known() -> Machine { state.withLock { $0.machine } ?? current() }

  /// What is no older than it may be; while one thread asks, the others go on with what was found before.
  func current() -> Machine {
    let now = now()
    let (before, isFresh) = state.withLock { state in
      if state.machine != nil && now &- state.askedAt < Self.brief { return (state, true) }
      state.askedAt = now
      return (state, false)
    }
    if let machine = before.machine, isFresh { return machine }
    let after = asked(before, now)
    let machine = after.machine ?? Machine.current(files)
    state.withLock { $0 = after }
    return machine
  }

  private func asked(_ before: State, _ now: UInt64) -> State {
    var state = before
    state.askedAt = now
    state.online = ["/sys/devices/system/cpu/online", "/sys/devices/system/node/online"].map { files.text($0) }
    if state.machine == nil || state.online != before.online || now &- before.askedAllAt >= Self.long {
      state.askedAllAt = now
      state.machine = Machine.current(files)
    } else {
      state.machine?.askControlGroup(files)
    }
    return state
  }
}
