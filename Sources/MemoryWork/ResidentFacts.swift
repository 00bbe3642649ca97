internal import LinuxSystem

extension MappingFacts {
  /// What the kernel counts in anonymous memory, in its page tables.
  ///
  /// NUMA balancing takes transparent huge pages out of the tables for a while to see who uses them, and kernels up to
  /// Linux 6.1 do not count those. mincore(2) does, and reading brings them back.
  static func ofAnonymous(_ address: UInt, _ bytes: Int) -> MappingFacts {
    let range = address..<address + UInt(bytes)
    let facts = MappingFacts.of(range)
    if facts.residentBytes >= bytes || Memory.residentBytes(address, bytes) < bytes { return facts }
    try? Memory.populate(address, bytes, writing: false)
    var again = MappingFacts.of(range)
    again.residentBytes = bytes
    return again
  }
}

extension Memory {
  /// Bytes of the range that mincore(2) finds in memory; 0 where it cannot be asked.
  static func residentBytes(_ address: UInt, _ length: Int) -> Int {
    let window = 256 << 20
    return stride(from: 0, to: length, by: window).reduce(0) { bytes, start in
      let part = min(window, length - start)
      let pages = (try? Memory.residency(address + UInt(start), part)) ?? []
      return bytes + pages.count { $0 & 1 != 0 } * MemoryInfo.basePageSize
    }
  }
}
