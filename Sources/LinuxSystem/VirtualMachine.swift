/// Whether this kernel runs on a machine that another program makes up, whose memory is its host's to give.
public enum VirtualMachine {
  /// False where the processor does not say so, as only x86's do.
  public static func isThis(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> Bool {
    let processors = try files.demand("/proc/cpuinfo")
    return processors.split(separator: "\n").contains { line in
      line.hasPrefix("flags") && line.split(whereSeparator: { $0.isWhitespace }).contains("hypervisor")
    }
  }
}
