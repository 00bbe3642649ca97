internal import LinuxSystem

/// A pool of huge pages that is to become smaller, or did.
public struct PoolCut: Equatable, Sendable {
  /// In bytes.
  public var pageSize: Int
  /// nil: wherever the kernel has them.
  public var node: Int?
  /// Pages fewer than there are.
  public var pages: Int

  public init(pageSize: Int, node: Int?, pages: Int) {
    self.pageSize = pageSize
    self.node = node
    self.pages = pages
  }

  /// By how much a pool may become smaller on each node, once `released` pages of it were given back: arithmetic that a
  /// table tests. `before` and `now`: the pool before that and after it.
  ///
  /// On each node no more than were `raised` there, and than have become free: what were surplus pages have left the pool
  /// by themselves, and what somebody has taken meanwhile is his. In all no more than were released, and than are free
  /// and promised to nobody besides the `keepFree` that are to stay.
  static func possible(
    from before: HugePagePool, to now: HugePagePool, raised: RaisedPages, released: Int, keepFree: Int
  ) -> [PoolCut] {
    var left = min(released, now.supply().unpromised -| keepFree)
    return now.places.compactMap { node in
      let freed = now.free(on: node) -| before.free(on: node)
      let pages = min(left, freed, raised.left(on: node, of: now), now.persistent(on: node))
      if pages <= 0 { return nil }
      left -= pages
      return PoolCut(pageSize: now.pageSize, node: node, pages: pages)
    }
  }

  /// The most by which a pool becomes smaller, if all of `released` pages were raised, become free, and nobody takes one:
  /// for a plan.
  static func expected(_ pool: HugePagePool, released: Int, keepFree: Int) -> PoolCut? {
    let pages = min(released, pool.free +| released -| pool.reserved -| keepFree, pool.persistent)
    return pages > 0 ? PoolCut(pageSize: pool.pageSize, node: nil, pages: pages) : nil
  }
}

extension HugePagePool {
  /// On a node, or in all.
  fileprivate func free(on node: Int?) -> Int {
    guard let node else { return free }
    return nodes.first { $0.number == node }?.free ?? 0
  }
}
