/// A power of 1024 bytes and its name, to show amounts of memory in.
struct BinaryUnit: Equatable {
  let bytes: Double
  let name: String

  /// The largest unit of which `bytes` are at least one, once rounded to two decimals: 1 MiB less one byte is
  /// "1 MiB", not "1024 KiB".
  init(for bytes: Double) {
    var unit = 1.0
    var name = 0
    while bytes.magnitude / unit >= 1023.995, name + 1 < Self.names.count {
      unit *= 1024
      name += 1
    }
    self.bytes = unit
    self.name = Self.names[name]
  }

  static let gib = 1024.0 * 1024 * 1024

  private static let names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
}

extension Double {
  /// An amount in bytes as an amount of `unit`.
  func inUnits(of unit: BinaryUnit) -> Double { self / unit.bytes }
}
