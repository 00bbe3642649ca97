/// The finders of one task: one for each node that it has work on, since each node's memory has a knee of its own.
@safe
final class KneeFinders {
  let all: [KneeFinder]
  /// Of each node task.
  private let indices: [Int]
  let helpers: [Helper]

  /// A thread that is done with its node waits for the caller's next look. Where that may take a large part of what it has done by
  /// then, as it is where the alignment leaves a thread fewer chunks than these, there is one finder for all nodes.
  private static let fewestChunks = 8

  init(_ seating: Seating, _ helpers: [Helper], alignment: Int, shifts: (@Sendable (Int) -> Int)? = nil) {
    self.helpers = helpers
    var parts = Self.parts(seating)
    let isFine = parts.allSatisfy { part in
      !part.threads.isEmpty && part.units / alignment / part.threads.count >= Self.fewestChunks
    }
    if !isFine { parts = [Part(node: nil, units: seating.units, threads: Array(seating.seats.indices))] }
    indices = seating.nodes.map { node in isFine ? parts.firstIndex { $0.node == node } ?? 0 : 0 }
    all = parts.map { part in
      KneeFinder(
        units: part.units, node: parts.count > 1 ? part.node : nil, threads: part.threads, of: seating.seats.count,
        shifts: shifts)
    }
  }

  /// What a node has of the task, and the threads that begin there.
  private struct Part {
    var node: Int?
    var units = 0
    var threads: [Int] = []
  }

  private static func parts(_ seating: Seating) -> [Part] {
    var parts: [Part] = []
    for (index, node) in seating.nodes.enumerated() where seating.sizes[index] > 0 {
      let known = parts.firstIndex { $0.node == node } ?? parts.count
      if known == parts.count { parts.append(Part(node: node)) }
      parts[known].units += seating.sizes[index]
    }
    for (thread, seat) in seating.seats.enumerated() {
      if let part = parts.firstIndex(where: { $0.node == seating.nodes[seat] }) { parts[part].threads.append(thread) }
    }
    return parts
  }

  subscript(nodeTask: Int) -> KneeFinder { all[indices[nodeTask]] }

  var areSeveral: Bool { all.count > 1 }
  func areOne(_ nodeTask: Int, _ other: Int) -> Bool { indices[nodeTask] == indices[other] }

  /// What all nodes' knees come to; nil where none was found. Of a node that was done too soon, the threads that it had.
  var knee: Int? {
    if all.allSatisfy({ $0.knee.settled == nil }) { return nil }
    let sum = all.reduce(0) { $0 + ($1.knee.settled ?? $1.knee.threads) }
    return min(sum, helpers.count + 1)
  }

  /// Node by node.
  var steps: [KneeSample] { all.flatMap { $0.knee.steps } }
}
