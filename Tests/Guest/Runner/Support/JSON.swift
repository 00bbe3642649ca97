/// A JSON value, as much as the documents here have: no surrogate pairs, no numbers beyond a Double.
indirect enum JSON: Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// nil where it is no JSON.
  init?(_ text: String) {
    var reader = JSONReader(text)
    guard let value = reader.value(), reader.isAtEnd else { return nil }
    self = value
  }

  /// A member; null where there is none.
  subscript(_ key: String) -> JSON {
    if case .object(let members) = self { return members[key] ?? .null }
    return .null
  }

  /// An element; null where there is none.
  subscript(_ index: Int) -> JSON {
    let elements = array
    return elements.indices.contains(index) ? elements[index] : .null
  }

  var array: [JSON] { if case .array(let elements) = self { elements } else { [] } }
  var members: [String: JSON] { if case .object(let members) = self { members } else { [:] } }
  var string: String? { if case .string(let string) = self { string } else { nil } }
  var double: Double? { if case .number(let number) = self { number } else { nil } }
  var int: Int? { double.flatMap { Int(exactly: $0) } }
  var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
}

private struct JSONReader {
  private var rest: ArraySlice<UInt8>

  init(_ text: String) { rest = Array(text.utf8)[...] }

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return rest.isEmpty
    }
  }

  mutating func value() -> JSON? {
    skipSpace()
    switch rest.first {
    case UInt8(ascii: "{"): return object()
    case UInt8(ascii: "["): return array()
    case UInt8(ascii: "\""): return string().map { .string($0) }
    case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
    case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
    case UInt8(ascii: "n"): return take("null") ? .null : nil
    default: return number()
    }
  }

  private mutating func object() -> JSON? {
    var members: [String: JSON] = [:]
    let isWhole = list("{", "}") { reader in
      reader.skipSpace()
      guard let key = reader.string(), reader.takeAfterSpace(":"), let value = reader.value() else { return false }
      members[key] = value
      return true
    }
    return isWhole ? .object(members) : nil
  }

  private mutating func array() -> JSON? {
    var elements: [JSON] = []
    let isWhole = list("[", "]") { reader in
      guard let value = reader.value() else { return false }
      elements.append(value)
      return true
    }
    return isWhole ? .array(elements) : nil
  }

  private mutating func list(
    _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ element: (inout JSONReader) -> Bool
  ) -> Bool {
    guard takeAfterSpace(open) else { return false }
    if takeAfterSpace(close) { return true }
    repeat {
      if !element(&self) { return false }
    } while takeAfterSpace(",")
    return takeAfterSpace(close)
  }

  private mutating func string() -> String? {
    guard takeAfterSpace("\"") else { return nil }
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let escaped = escape() else { return nil }
        bytes += escaped.utf8
      default: bytes.append(byte)
      }
    }
    return nil
  }

  private mutating func escape() -> String? {
    guard let byte = rest.popFirst() else { return nil }
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "u"):
      let digits = String(decoding: rest.prefix(4), as: UTF8.self)
      rest = rest.dropFirst(4)
      return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    default: return String(decoding: [byte], as: UTF8.self)
    }
  }

  private mutating func number() -> JSON? {
    let digits = rest.prefix { Set("0123456789+-.eE".utf8).contains($0) }
    rest = rest.dropFirst(digits.count)
    return Double(String(decoding: digits, as: UTF8.self)).map { .number($0) }
  }

  private mutating func take(_ word: String) -> Bool {
    guard rest.starts(with: word.utf8) else { return false }
    rest = rest.dropFirst(word.utf8.count)
    return true
  }

  private mutating func takeAfterSpace(_ scalar: Unicode.Scalar) -> Bool {
    skipSpace()
    guard rest.first == UInt8(ascii: scalar) else { return false }
    rest = rest.dropFirst()
    return true
  }

  private mutating func skipSpace() { rest = rest.drop { Set(" \n\r\t".utf8).contains($0) } }
}
