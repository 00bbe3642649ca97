extension Document {
  /// What was going to be done, and everything that bounds it.
  struct Plan: Encodable, Equatable, Sendable {
    /// The thread counts, one after the other.
    var threads: [Int]
    /// The largest chunk: the clock may make less of it.
    var chunkBytes: Int
    /// Every bound on the number of threads, whether or not it was the one that counted.
    var bounds: [Bound]
    /// The bounds that the thread counts asked for go beyond.
    var exceededBounds: [Bound] = []
    /// Bounds of which the kernel does not tell; left out where there are none.
    var unknownBounds: [UnknownBound]?
    /// How pages are made: "populate".
    var method: String?
    var nodeTasks: [NodeTask] = []
    /// Bytes that have no memory yet; 0 where all is done already.
    var bytesToDo: Int?
    var checks: [Check] = []
    var helpers: HelperRules?
    /// Pages by which pools are to be raised.
    var growPool: [PoolPages]?
    /// The most by which they are to become smaller.
    var shrinkPool: [PoolPages]?

    enum CodingKeys: String, CodingKey {
      case threads, bounds, method, checks, helpers
      case chunkBytes = "chunk_bytes"
      case exceededBounds = "exceeded_bounds"
      case unknownBounds = "unknown_bounds"
      case nodeTasks = "node_tasks"
      case bytesToDo = "bytes_to_do"
      case growPool = "grow_pool"
      case shrinkPool = "shrink_pool"
    }
  }

  /// Something that allows so many threads and no more.
  struct Bound: Encodable, Equatable, Sendable {
    /// "cgroup quota", "physical cores".
    var what: String
    var threads: Int
  }

  /// Something that may allow so many threads and no more, and of which nothing is known.
  struct UnknownBound: Encodable, Equatable, Sendable {
    /// "cgroup CPU quota".
    var what: String
    /// "/proc/self/cgroup cannot be read (ENOENT)".
    var why: String
  }

  /// The part of the work that belongs to one node.
  struct NodeTask: Encodable, Equatable, Sendable {
    /// Left out for memory that is bound to no node.
    var node: Int?
    var bytes: Int
  }

  /// Something that must hold beforehand.
  struct Check: Encodable, Equatable, Sendable {
    /// "free 2 MiB pages on node 0".
    var what: String
    /// Bytes, or the count that `what` names; left out where the check is not about an amount.
    var need: Int?
    /// As `need`; left out for "unlimited" too.
    var have: Int?
    /// Left out where it could not be made.
    var ok: Bool?
    /// Why it could not be made: "/proc/meminfo cannot be read (ENOENT)".
    var notMade: String?

    enum CodingKeys: String, CodingKey {
      case what, need, have, ok
      case notMade = "not_made"
    }
  }
}
