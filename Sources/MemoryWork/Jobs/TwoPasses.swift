internal import KTask
internal import LinuxSystem

extension JobRun {
  /// A pass and the one before it, as one run: the time of both, and the threads of the one that took it.
  func after(_ first: JobRun) -> JobRun {
    var both = self
    both.seconds += first.seconds
    both.usage = usage.flatMap { own in first.usage.map { own + $0 } }
    if end == .finished { both.threads = first.threads }
    return both
  }
}

extension TaskControl {
  /// The same with no more threads than this.
  func limited(to most: Int) -> TaskControl {
    var control = self
    switch threads {
    case .exactly(let count): control.threads = .exactly(min(count, most))
    case .atMost(let count): control.threads = .atMost(min(count, most))
    case .automatic: control.threads = .atMost(most)
    }
    return control
  }
}
