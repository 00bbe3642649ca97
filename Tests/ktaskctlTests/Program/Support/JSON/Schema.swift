import Foundation
import TestSupport

/// The schema of the documents, and what it finds wrong with one: the part of JSON Schema (2020-12) that is used there.
///
/// Stricter than the schema in one thing: a key that an object's `properties` do not name is a fault. Readers are to take keys
/// that later versions add; this version's own must all be in the schema.
struct Schema {
  private let root: JSONValue

  init(_ text: String) throws { root = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }

  /// The one that is installed.
  static let ofDocuments: Schema? = {
    let file = Checkout.folder.appending(path: "Sources/Packaging/report.schema.json")
    return (try? String(contentsOf: file, encoding: .utf8)).flatMap { try? Schema($0) }
  }()

  /// A line each; none: the text is a document.
  func faults(in text: String) throws -> [String] {
    faults(of: try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)), root, "document")
  }

  private func faults(of value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
    schema.members.sorted { $0.key < $1.key }.flatMap { faults(of: value, $0.key, $0.value, place) }
      + membersFaults(value, schema, place)
  }

  private func faults(of value: JSONValue, _ keyword: String, _ demand: JSONValue, _ place: String) -> [String] {
    switch keyword {
    case "$schema", "$defs", "title", "description", "properties", "additionalProperties": return []
    case "$ref":
      let name = String((demand.text ?? "").dropFirst("#/$defs/".count))
      guard let other = root["$defs"]?[name] else { return ["\(place): the schema has no \(name)"] }
      return faults(of: value, other, place)
    case "anyOf":
      let each = (demand.list ?? []).map { faults(of: value, $0, place) }
      return each.min { $0.count < $1.count } ?? ["\(place): none of none"]
    case "type":
      let names = (demand.list ?? [demand]).compactMap(\.text)
      return names.contains { Self.isOf($0, value) } ? [] : ["\(place): no \(names.joined(separator: " or "))"]
    case "enum": return demand.list?.contains(value) == true ? [] : ["\(place): not one of the values"]
    case "minimum":
      return (value.number ?? .infinity) < (demand.number ?? 0) ? ["\(place): less than the minimum"] : []
    case "maximum":
      return (value.number ?? -.infinity) > (demand.number ?? 0) ? ["\(place): more than the maximum"] : []
    case "items":
      return (value.list ?? []).enumerated().flatMap { faults(of: $1, demand, "\(place)[\($0)]") }
    case "required":
      let names = (demand.list ?? []).compactMap(\.text)
      return names.filter { value[$0] == nil }.map { "\(place): lacks \($0)" }
    default: return ["\(place): the schema's \(keyword) is not understood"]
    }
  }

  private func membersFaults(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
    let (named, others) = (schema["properties"], schema["additionalProperties"])
    if named == nil && others == nil { return [] }
    return value.members.sorted { $0.key < $1.key }.flatMap { key, member in
      (named?[key] ?? others).map { faults(of: member, $0, "\(place).\(key)") } ?? ["\(place): has \(key)"]
    }
  }

  private static func isOf(_ type: String, _ value: JSONValue) -> Bool {
    switch (type, value) {
    case ("object", .object), ("array", .list), ("string", .text), ("boolean", .truth), ("null", .null),
      ("number", .number):
      true
    case ("integer", .number(let number)): number == number.rounded()
    default: false
    }
  }
}
