internal import LinuxSystem

/// How much free memory a knee is looked for on: arithmetic that a table tests.
struct KneeRoom: Equatable {
  /// Bytes of whole pages that nobody uses.
  let free: Int
  /// Bytes that what is taken of them is a multiple of.
  let alignment: Int
  /// A pool's pages are there to be used; of the machine's memory half stays free.
  let isPool: Bool

  /// What is looked at first; where that is over before a knee shows, four times as much, up to the most.
  static let (usual, most) = (1 << 30, 64 << 30)
  /// On less nothing can be seen.
  static let least = 64 << 20

  /// nil: too little is free.
  var first: Int? {
    let bytes = min(Self.usual, isPool ? free : free / 2)
    if isPool && alignment > Self.usual && free >= alignment { return alignment }
    let whole = bytes / alignment * alignment
    return whole < Self.least ? nil : whole
  }

  /// No more than a quarter of what is free; nil: that is all.
  func more(than bytes: Int) -> Int? {
    let next = bytes *| 4
    return next <= min(Self.most, free / 4) ? next : nil
  }
}

extension MachineFacts {
  /// Bytes of pages of a kind that nobody uses, on a node, or anywhere where that is nil, and that this process may have.
  func room(_ page: PageKind, on node: Int?) throws(Unreadable) -> KneeRoom {
    if case .huge(let size) = page {
      let pages = try freePages(of: size, on: node)
      let free = try within(cgroupHugePages[size] ?? .success(nil), pages)
      return KneeRoom(free: free / size * size, alignment: size, isPool: true)
    }
    return KneeRoom(free: try within(cgroupMemory, freeMemory(on: node)), alignment: page.alignment, isPool: false)
  }

  private func freePages(of size: Int, on node: Int?) throws(Unreadable) -> Int {
    guard let pool = try pools.get().first(where: { $0.pageSize == size }) else { return 0 }
    guard let node else { return pool.bytes(pool.supply().ready) }
    return pool.nodes.first { $0.number == node }.map { pool.bytes(pool.supply(on: $0).ready) } ?? 0
  }

  private func freeMemory(on node: Int?) throws(Unreadable) -> Int {
    guard let node else { return try memory.get().freeBytes }
    // a node that is not listed has no memory
    guard let own = try nodes.get().first(where: { $0.number == node }) else { return 0 }
    if let free = own.freeBytes { return free }
    throw Unreadable("free memory of node \(node)", .isUnclear)
  }

  private func within(_ limit: Fact<ControlGroup.Headroom?>, _ bytes: Int) throws(Unreadable) -> Int {
    try limit.get().map { min($0.bytes, bytes) } ?? bytes
  }
}
