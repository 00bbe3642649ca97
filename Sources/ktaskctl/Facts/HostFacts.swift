import KTask
import LinuxSystem

extension Document.Host {
  /// As this process sees it.
  static func current() -> Document.Host {
    let kernel = try? KernelVersion.current()
    let topology = Machine.shared.topology
    return Document.Host(
      name: KernelVersion.hostName(), processor: KernelVersion.processor(), kernel: kernel?.release,
      preemption: kernel?.preemption,
      cpus: topology.unread[.onlineCPUs] == nil ? topology.onlineCPUs.count : nil,
      allowedCPUs: try? CPUSet.allowed().count,
      nodes: topology.unread[.nodes] == nil
        ? topology.nodes.map { .init(node: $0.number, cpus: "\($0.cpus)", memoryBytes: $0.memoryBytes) } : nil)
  }
}
