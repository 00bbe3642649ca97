internal import LinuxSystem

extension MappingFacts {
  /// Bytes of a mapping that have their memory, of which these are the facts.
  ///
  /// NUMA balancing takes pages out of use for a moment, to see who wants them next, and Linux 6.1 leaves such huge
  /// pages out of smaps though they are there: where smaps falls short, mincore(2) is asked for every page.
  func resident(at address: UInt, _ length: Int) -> Int {
    if residentBytes >= length { return residentBytes }
    let window = 256 << 20
    var pages = 0
    for start in stride(from: 0, to: length, by: window) {
      let bits = try? Memory.residency(address + UInt(start), min(window, length - start))
      pages += bits?.reduce(0) { $0 + Int($1 & 1) } ?? 0
    }
    return max(residentBytes, pages * MemoryInfo.basePageSize)
  }
}
