public import KTask

/// How files are looked at before there is a plan: with how many threads, and who may stop it.
public struct Looking: Sendable {
  let control: TaskControl
  let monitor: TaskMonitor?
  /// What is missing is going to be made, so that a page of a pool may be taken for a moment to find out.
  let isMaking: Bool

  /// As many threads as the policy allows, and nobody to stop them, where nothing else is said.
  public init(
    _ control: TaskControl = TaskControl(minimumChunk: usualMinimumChunk), _ monitor: TaskMonitor? = nil,
    isMaking: Bool = true
  ) {
    self.isMaking = isMaking
    self.control = control
    self.monitor = monitor
  }
}
