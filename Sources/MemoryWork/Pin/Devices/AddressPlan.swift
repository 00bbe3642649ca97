internal import LinuxSystem

/// Where devices see the memory, and in how many pieces: arithmetic on numbers alone.
struct AddressPlan: Equatable {
  /// Where the first byte is seen.
  let base: UInt64

  /// `wanted` nil: the lowest place with room, aligned to the memory's pages.
  init(
    _ wanted: UInt64?, bytes: Int, alignment: Int, within spaces: [DeviceAddressSpace]
  ) throws(PinRefusal) {
    let page = UInt64(max(1, spaces.map(\.pageSize).max() ?? 1))
    let ranges = Self.common(spaces.map(\.ranges))
    if let wanted {
      if wanted % page != 0 { throw .addressUnaligned(wanted, page: Int(page)) }
      if !ranges.contains(where: { $0.holds(bytes, at: wanted) }) { throw .addresses(wanted, bytes, usable: ranges) }
      base = wanted
    } else {
      let step = max(page, UInt64(alignment))
      let places = ranges.compactMap { range in range.first.rounded(up: step).map { (range, $0) } }
      guard let found = places.first(where: { $0.holds(bytes, at: $1) }) else {
        throw .addresses(nil, bytes, usable: ranges)
      }
      base = found.1
    }
  }

  /// What all of several address spaces have; one that does not tell has everything.
  static func common(_ lists: [[DeviceAddresses]]) -> [DeviceAddresses] {
    lists.reduce([DeviceAddresses(first: 0, last: .max)]) { common, list in
      if list.isEmpty { return common }
      return common.flatMap { one in list.compactMap { one.shared(with: $0) } }
    }
  }
}

extension DeviceAddresses {
  fileprivate func holds(_ bytes: Int, at base: UInt64) -> Bool {
    if bytes <= 0 { return false }
    let (last, overflow) = base.addingReportingOverflow(UInt64(bytes) - 1)
    return !overflow && first <= base && last <= self.last
  }

  fileprivate func shared(with other: DeviceAddresses) -> DeviceAddresses? {
    let (first, last) = (max(first, other.first), min(last, other.last))
    return first <= last ? DeviceAddresses(first: first, last: last) : nil
  }
}

extension UInt64 {
  /// The next multiple of `step`; nil when that is beyond UInt64.
  fileprivate func rounded(up step: UInt64) -> UInt64? {
    let (sum, overflow) = addingReportingOverflow(step - 1)
    return overflow ? nil : sum / step * step
  }
}
