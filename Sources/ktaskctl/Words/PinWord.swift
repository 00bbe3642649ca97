import MemoryWork

/// What `--with` asks for.
enum PinWord {
  /// Reads `mlock`, `io_uring`, `vfio:GROUP…` or `iommufd…`, or says what is wrong with it.
  static func parse(_ word: String) throws(WordError) -> PinRequest.With {
    let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count == 2 ? parts[1] : nil) {
    case ("mlock", nil): return .mlock
    case ("io_uring", nil): return .rings
    case ("vfio", let groups?): return .vfio(try containers(groups, word))
    case ("iommufd", nil): return .iommufd([])
    case ("iommufd", let devices?): return .iommufd(try addresses(devices, word))
    default: throw wrong(word, "is not mlock, io_uring, vfio:GROUP, iommufd or iommufd:DEVICE")
    }
  }

  /// `1,2+3`: group 1 in a container, 2 and 3 together in another.
  private static func containers(_ text: String, _ word: String) throws(WordError) -> [[Int]] {
    var containers: [[Int]] = []
    var seen = Set<Int>()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      var groups: [Int] = []
      for number in part.split(separator: "+", omittingEmptySubsequences: false) {
        guard let group = Int(number), number.allSatisfy(\.isNumber) else {
          throw wrong(word, "names no group: groups are numbers, as in /sys/kernel/iommu_groups")
        }
        if !seen.insert(group).inserted { throw wrong(word, "names a group twice") }
        groups.append(group)
      }
      containers.append(groups)
    }
    return containers
  }

  /// PCI addresses, 0000:00:05.0 or without the domain.
  private static func addresses(_ text: String, _ word: String) throws(WordError) -> [String] {
    var addresses: [String] = []
    var seen = Set<String>()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let address = part.count { $0 == ":" } == 1 ? "0000:\(part)" : String(part)
      guard address.wholeMatch(of: /[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/) != nil else {
        throw wrong(word, "names no PCI device: they are written 0000:00:05.0")
      }
      if !seen.insert(address).inserted { throw wrong(word, "names a device twice") }
      addresses.append(address)
    }
    return addresses
  }

  /// A device's address: 0x100000000, or a size.
  static func address(_ word: String) throws(WordError) -> UInt64 {
    if word == "0" { return 0 }
    if word.hasPrefix("0x") {
      if let address = UInt64(word.dropFirst(2), radix: 16) { return address }
      throw WordError(kind: "address", word: word, why: "is not a hexadecimal number of 64 bits")
    }
    do throws(WordError) {
      return UInt64(try ByteSize.parse(word).bytes)
    } catch {
      throw WordError(kind: "address", word: word, why: error.why)
    }
  }

  private static func wrong(_ word: String, _ why: String) -> WordError {
    WordError(kind: "pin", word: word, why: why)
  }
}

extension PinRequest.With {
  /// As the user writes it.
  var text: String {
    switch self {
    case .mlock: "mlock"
    case .rings: "io_uring"
    case .vfio(let containers):
      "vfio:" + containers.map { $0.map(String.init).joined(separator: "+") }.joined(separator: ",")
    case .iommufd(let devices): devices.isEmpty ? "iommufd" : "iommufd:" + devices.joined(separator: ",")
    }
  }
}

extension PinRequest {
  /// The words that ask for it.
  var words: [String] {
    var words = with == .mlock ? [] : ["--with", with.text]
    if let iovaBase { words += ["--iova-base", "0x" + String(iovaBase, radix: 16)] }
    if let mapSize { words += ["--map-size", PageSizeWord.text(mapSize)] }
    return words
  }
}
