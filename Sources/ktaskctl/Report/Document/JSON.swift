internal import FoundationEssentials

/// Values as JSON: keys in alphabetical order, and nothing in it that would harm a reader's terminal.
enum JSON {
  /// One key per line, for people too, without a final newline.
  static func text(_ value: some Encodable) -> String { encoded(value, [.prettyPrinted]) }

  /// All on one line, without its newline.
  static func line(_ value: some Encodable) -> String { encoded(value, []) }

  private static func encoded(_ value: some Encodable, _ more: JSONEncoder.OutputFormatting) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = more.union([.sortedKeys, .withoutEscapingSlashes])
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self).withoutControlsInJSON
    } catch {
      preconditionFailure("plain values always encode: \(error)")
    }
  }
}

extension Document {
  /// The document as text, without a final newline.
  func json() -> String { JSON.text(self) }
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
