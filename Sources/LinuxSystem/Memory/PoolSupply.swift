extension HugePagePool {
  /// What a pool, or one node's part of it, has for somebody who needs pages; counted in pages.
  public struct Supply: Sendable, Equatable {
    /// Free, whoever was promised them.
    public let free: Int
    /// Free in all of the pool, and promised to nobody.
    public let unpromised: Int
    /// Promised to who needs them, by a mapping or by a mount's `min_size=`.
    public var own: Int
    /// Surplus pages that the kernel may make: no memory yet. Root may allow as many as a number holds.
    public let surplus: Int

    /// There, and to be had.
    public var ready: Int { min(free, unpromised +| own) }
    /// Free, and to be had by others only.
    public var promisedToOthers: Int { free - ready }
    /// All that there may be.
    public var available: Int { ready +| surplus }
  }

  /// Promises are made for the whole pool, not for a node: they count against each. `own` pages are promised to who asks.
  public func supply(on node: Node? = nil, own: Int = 0) -> Supply {
    Supply(
      free: node?.free ?? free, unpromised: max(0, free - reserved), own: own,
      surplus: max(0, overcommitLimit - surplus))
  }

  /// Free pages that somebody was promised.
  public var promised: Int { supply().promisedToOthers }

  /// How many pages can still be had by anybody: free and not promised, and surplus ones if the memory for them is found.
  public var available: Int { supply().available }
}
