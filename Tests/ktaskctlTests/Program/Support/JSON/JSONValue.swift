/// Any JSON value, to look at a document without the types that wrote it.
indirect enum JSONValue: Decodable, Equatable {
  case null
  case truth(Bool)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let truth = try? value.decode(Bool.self) {
      self = .truth(truth)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([JSONValue].self) {
      self = .list(list)
    } else {
      self = .object(try value.decode([String: JSONValue].self))
    }
  }

  /// An object's keys in alphabetical order; none for anything else.
  var keys: [String] { members.keys.sorted() }

  /// An object's; none for anything else.
  var members: [String: JSONValue] {
    if case .object(let values) = self { values } else { [:] }
  }

  var list: [JSONValue]? {
    if case .list(let values) = self { values } else { nil }
  }

  var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  var number: Double? {
    if case .number(let number) = self { number } else { nil }
  }

  var first: JSONValue? { list?.first }

  subscript(key: String) -> JSONValue? { members[key] }
}
