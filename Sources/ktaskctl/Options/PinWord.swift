import MemoryWork

/// What `--with` asks for.
enum PinWord {
  /// Reads `mlock`, `io_uring`, `vfio:GROUP…` or `iommufd…`, or says what is wrong with it.
  static func parse(_ word: String) throws(WordError) -> PinRequest.With {
    let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count == 2 ? parts[1] : nil) {
    case ("mlock", nil): return .mlock
    case ("io_uring", nil): return .rings
    default: throw wrong(word, "is not mlock, io_uring, vfio:GROUP, iommufd or iommufd:DEVICE")
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
    if let mapSize { words += ["--map-size", "\(mapSize)"] }
    return words
  }
}

extension JobRequest {
  /// nil for what is no pin.
  var pin: PinRequest? {
    switch self {
    case .pinAnonymous(_, let pin), .pin(_, let pin): pin
    case .clear, .clearAnonymous, .clearRegions, .prefault, .prefaultRegions, .verify, .release, .exec: nil
    }
  }
}
