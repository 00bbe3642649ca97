import Glibc
import LinuxSystem

// What /proc tells of this process's threads.

/// The numbers of the engine's helpers.
func helperThreads() -> [Int] {
  SystemFiles().entries(of: "/proc/self/task").compactMap(Int.init)
    .filter { SystemFiles().text("/proc/self/task/\($0)/comm") == "ktask helper" }
}

/// The CPUs that a thread may use.
func allowedCPUs(ofThread thread: Int) -> CPUSet? {
  let label = "Cpus_allowed_list:\t"
  let lines = SystemFiles().text("/proc/self/task/\(thread)/status")?.split(separator: "\n") ?? []
  return lines.first { $0.hasPrefix(label) }.flatMap { CPUSet(list: String($0.dropFirst(label.count))) }
}

/// Waits until a thread sleeps, or is gone.
func waitUntilAsleep(thread: Int) {
  while let text = SystemFiles().text("/proc/self/task/\(thread)/stat") {
    // the state follows the name, which is in brackets and may contain any character
    if let end = text.lastIndex(of: ")"), text[end...].dropFirst(2).first == "S" { return }
    sched_yield()
  }
}
