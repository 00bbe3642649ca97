internal import FoundationEssentials

extension Document {
  /// The document as text, for people too: one key per line, in alphabetical order, without a final newline.
  func json() -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self).withoutControlsInJSON
    } catch {
      preconditionFailure("a document of plain values always encodes: \(error)")
    }
  }
}

/// An optional that is written as `null` where it is nil; a bare one would be left out.
// swift-format-ignore: UseSynthesizedInitializer
@propertyWrapper
struct NullWhenNil<Value: Encodable & Equatable & Sendable>: Encodable, Equatable, Sendable {
  var wrappedValue: Value?

  // Written out so that the initializer of a struct with such a property takes the optional, not the wrapper.
  init(wrappedValue: Value?) {
    self.wrappedValue = wrappedValue
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue {
      try container.encode(wrappedValue)
    } else {
      try container.encodeNil()
    }
  }
}
