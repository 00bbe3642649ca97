import MemoryWork

extension Document {
  /// What a stock has, as things were when it was told.
  struct Stock: Encodable, Equatable, Sendable {
    struct Kind: Encodable, Equatable, Sendable {
      /// As its files' names have it: "8G-n0".
      var kind: String
      /// The size of each.
      var bytes: Int
      var ready: Int
      var making: Int
      var returned: Int
    }
    var path: String
    var ready: Int
    var making: Int
    var returned: Int
    /// Bytes of memory that all of it has.
    var allocatedBytes: Int
    var kinds: [Kind]
    /// Names in it that are none of a stock's.
    var foreign: [String]

    enum CodingKeys: String, CodingKey {
      case path, ready, making, returned, kinds, foreign
      case allocatedBytes = "allocated_bytes"
    }
  }
}

extension Document.Stock {
  init(_ path: String, _ contents: StockContents) {
    self.init(
      path: path, ready: contents.count(.ready), making: contents.count(.making), returned: contents.count(.returned),
      allocatedBytes: contents.allocatedBytes,
      kinds: contents.kinds.map { kind in
        Kind(
          kind: kind.text, bytes: kind.bytes, ready: contents.count(.ready, kind),
          making: contents.count(.making, kind),
          returned: contents.count(.returned, kind))
      }, foreign: contents.foreign)
  }
}

extension Document.Stock.Kind {
  /// "8G-any: 3 ready, 1 being made, 0 returned".
  var text: String { "\(kind): \(ready) ready, \(making) being made, \(returned) returned" }
}
