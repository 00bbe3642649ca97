import Foundation

/// What a document says, as pairs of a place and a value: `host.cpus` is `2`. A list's length is said, too.
struct Claims {
  private(set) var values: [String: String] = [:]

  /// nil: no document.
  init?(_ text: String) {
    guard let document = try? JSONSerialization.jsonObject(with: Data(text.utf8)) else { return nil }
    add(document, at: "")
  }

  private mutating func add(_ value: Any, at place: String) {
    switch value {
    case let object as [String: Any]:
      for (key, value) in object { add(value, at: place.isEmpty ? key : "\(place).\(key)") }
    case let list as [Any]:
      values["\(place).count"] = "\(list.count)"
      for (index, value) in list.enumerated() { add(value, at: "\(place).\(index)") }
    default: values[place] = "\(value)"
    }
  }

  /// What these say otherwise than `truth` does, of the facts that no failure changes. What they leave out is not said.
  func falsehoods(against truth: Claims, isDone: Bool, but changes: [String]) -> [String] {
    values.sorted { $0.key < $1.key }.compactMap { place, value in
      if changes.contains(where: place.hasPrefix) { return nil }
      guard let known = truth.values[place], known != value else { return nil }
      let isFalse = Self.isLasting(place, isDone: isDone) || (Self.isAmount(place) && value == "0")
      return isFalse ? "says \(place) is \(value), and it is \(known)" : nil
    }
  }

  private static func isLasting(_ place: String, isDone: Bool) -> Bool {
    let lasting = [
      "host.", "base_page_size", "physical_cores", "transparent_huge_pages", "limits.locked", "limits.can",
    ]
    if lasting.contains(where: place.hasPrefix) { return true }
    if place.hasPrefix("pools."), place.hasSuffix("total") || place.hasSuffix("page_size") { return true }
    return isDone && (place.hasPrefix("files.") || place.hasPrefix("verified."))
  }

  /// Comes and goes, but is not nothing.
  private static func isAmount(_ place: String) -> Bool {
    place == "memory_available_bytes" || (place.hasPrefix("plan.checks.") && place.hasSuffix(".have"))
      || place.hasPrefix("pools.")
  }
}
