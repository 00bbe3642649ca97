/// How fast a node's memory is for what is nearest to it, as firmware says
/// (/sys/devices/system/node/nodeN/access0/initiators, from ACPI's HMAT).
public struct NodeAccess: Sendable, Equatable {
  /// What firmware says of one direction; nil: nothing.
  public struct Speed: Sendable, Equatable {
    /// In MB, which are 10^6 bytes, a second.
    public let bandwidth: Int?
    /// In nanoseconds.
    public let latency: Int?

    public init(bandwidth: Int?, latency: Int?) {
      self.bandwidth = bandwidth
      self.latency = latency
    }
  }
  /// The nodes whose CPUs, or devices, are nearest: for those it is so fast.
  public let initiators: NodeSet
  public let read: Speed
  public let write: Speed

  public init(initiators: NodeSet, read: Speed, write: Speed) {
    self.initiators = initiators
    self.read = read
    self.write = write
  }

  /// nil: firmware says nothing of that node's memory, or the kernel does not ask it (Linux 5.2).
  public static func of(node: Int, _ files: SystemFiles = SystemFiles()) throws(Unreadable) -> NodeAccess? {
    let directory = "/sys/devices/system/node/node\(node)/access0/initiators"
    guard let initiators = try files.numbers(in: directory, after: "node") else { return nil }
    func speed(_ direction: String) throws(Unreadable) -> Speed {
      Speed(
        bandwidth: try amount("\(directory)/\(direction)_bandwidth", files),
        latency: try amount("\(directory)/\(direction)_latency", files))
    }
    let access = NodeAccess(initiators: NodeSet(initiators), read: try speed("read"), write: try speed("write"))
    let nothing = Speed(bandwidth: nil, latency: nil)
    return access.read == nothing && access.write == nothing ? nil : access
  }

  /// Firmware that says nothing of one of them has 0 there.
  private static func amount(_ path: String, _ files: SystemFiles) throws(Unreadable) -> Int? {
    try files.readNumber(path).flatMap { $0 > 0 ? $0 : nil }
  }
}
