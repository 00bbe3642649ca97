internal import LinuxSystem

/// R4 across processes: the places of helpers, system-wide and on each node, that all processes of the machine share.
final class SharedPlaces: Sendable {
  /// Where root keeps the file. A directory of its own, so that only root can put anything there.
  static let directory = "/run/ktask"

  private let limit: Int
  private let nodeLimits: [Int: Int]
  private let directory: String
  private let table: Guarded<PlaceTable?>

  init(limit: Int, nodeLimits: [Int: Int], directory: String = SharedPlaces.directory) {
    self.limit = limit
    self.nodeLimits = nodeLimits
    self.directory = directory
    table = Guarded(Self.open(directory, limit, nodeLimits))
  }

  private static func open(_ directory: String, _ limit: Int, _ nodeLimits: [Int: Int]) -> PlaceTable? {
    guard let file = PlaceFile(directory + "/helpers", in: directory) else { return nil }
    return PlaceTable(file, limit: limit, nodeLimits: nodeLimits)
  }

  /// Where places are taken now; nil where there is no file to share.
  var current: PlaceTable? { table.withLock { $0 } }

  /// Before a task: a forked child must not use its parent's open file, nor anybody one that others do not find or that the
  /// program has closed.
  func refresh() {
    let before = current
    if let before, before.isCurrent { return }
    let next = Self.open(directory, limit, nodeLimits)
    table.withLock { table in
      // unless another task's caller was faster
      if table === before { table = next }
    }
  }
}
