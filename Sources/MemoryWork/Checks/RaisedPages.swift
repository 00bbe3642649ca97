internal import LinuxSystem

/// How many pages of a pool, on each node, `--grow-pool` has raised and nobody has given back: arithmetic that a table
/// tests, and the note in which it outlives the process.
struct RaisedPages: Equatable {
  private struct Share: Equatable {
    var pages: Int
    /// Pages of its own that the pool had there when that was noted.
    var size: Int
  }
  /// By the node; nil where the kernel knows none.
  private var shares: [Int?: Share] = [:]

  init() {}

  /// What can be had back: what somebody has made a pool smaller by since, he has given back of them.
  func left(on node: Int?, of pool: HugePagePool) -> Int {
    guard let share = shares[node] else { return 0 }
    return max(0, min(share.pages, share.pages -| (share.size -| pool.persistent(on: node))))
  }

  /// Takes note of a change that was made for `--grow-pool` or `--shrink-pool`, or to undo one.
  mutating func change(from before: HugePagePool, to after: HugePagePool) {
    for node in after.places {
      let (old, new) = (before.persistent(on: node), after.persistent(on: node))
      let pages = left(on: node, of: before) +| (new -| old)
      shares[node] = pages > 0 ? Share(pages: pages, size: new) : nil
    }
  }
}

/// Lines `node pages size`, ended by one of its own, so that nothing behind it counts.
extension RaisedPages {
  private static let end = "end"

  /// Of what it cannot read nothing is known to be raised.
  init(note: String) {
    let lines = note.split(separator: "\n").map { $0.split(separator: " ") }
    guard let end = lines.firstIndex(of: [Self.end[...]]) else { return }
    for words in lines[..<end] {
      guard words.count == 3, let pages = Int(words[1]), let size = Int(words[2]), pages >= 0, size >= 0 else {
        continue
      }
      if words[0] == "all" { shares[nil] = Share(pages: pages, size: size) }
      if let node = Int(words[0]) { shares[node] = Share(pages: pages, size: size) }
    }
  }

  var note: String {
    let lines = shares.map { node, share in "\(node.map { "\($0)" } ?? "all") \(share.pages) \(share.size)" }
    return (lines.sorted() + [Self.end]).map { $0 + "\n" }.joined()
  }
}

extension HugePagePool {
  /// The nodes that have a part of it, or nil for all of it where the kernel knows none.
  var places: [Int?] { nodes.isEmpty ? [nil] : nodes.map(\.number) }
}

extension PoolSize {
  /// nil: here is no place to keep count.
  func raised() throws(Errno) -> RaisedPages? { try note().map(RaisedPages.init(note:)) }

  /// Keeps count of what has been changed since `before`. What cannot be noted is not known to be raised, and stays.
  func noteChange(since before: HugePagePool) {
    guard let after = HugePagePool.told(pageSize: pageSize), let noted = (try? raised()) ?? nil else { return }
    var raised = noted
    raised.change(from: before, to: after)
    if raised != noted { try? note(raised.note) }
  }
}
