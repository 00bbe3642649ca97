internal import KTask
internal import LinuxSystem

/// How pools are changed: the right to it is waited for, and what the kernel made of it is read back.
extension PoolSize {
  /// Waits while another process has it. Throws where this process may not change pools; `path`: the file it is about.
  static func wait(
    for pageSize: Int, path: String?, _ monitor: TaskMonitor
  ) throws(MemoryError) -> Owned<PoolSize> {
    while !monitor.isCancelled {
      do throws(PoolSize.Failure) {
        if let claim = try PoolSize.claim(pageSize: pageSize) {
          // what others have made it smaller by since the last note
          if let now = HugePagePool.told(pageSize: pageSize) { claim.noteChange(since: now) }
          return Owned(claim)
        }
      } catch {
        switch error {
        case .lock(let path, let errno): throw MemoryError(.failed(.lock, errno), path: path)
        case .setting(let errno): throw MemoryError(.failed(.growPool, errno), path: path, pageSize: pageSize)
        }
      }
      Clock.sleep(milliseconds: 5)
    }
    throw MemoryError(.cancelled)
  }

  /// Makes the pool, or a node's part of it, smaller by so many pages. What stays, or is not known to have gone; nil:
  /// nothing.
  func shrink(_ node: Int?, by pages: Int) -> KeptPages? {
    func kept(_ why: KeptPages.Why, _ left: Int = pages, of total: Int? = nil) -> KeptPages {
      KeptPages(raise: PoolRaise(pageSize: pageSize, node: node, pages: left), total: total, why: why)
    }
    guard let now = HugePagePool.told(pageSize: pageSize) else { return kept(.isUnknown) }
    defer { noteChange(since: now) }
    func left(after number: Int) throws(Errno) -> Int? {
      try set(max(0, number), node: node)
      return HugePagePool.told(pageSize: pageSize).map { $0.persistent -| (now.persistent -| pages) }
    }
    do throws(Errno) {
      let goal = now.persistent(on: node) -| pages
      guard let rest = try left(after: goal) else { return kept(.isUnknown) }
      if rest <= 0 { return nil }
      // kernels differ in whether a number for one node counts the others' surplus, too: those that do have taken too little
      guard let rest = try left(after: goal -| rest) else { return kept(.isUnknown) }
      return rest <= 0 ? nil : kept(.isRefused(nil), rest, of: HugePagePool.told(pageSize: pageSize)?.total(on: node))
    } catch {
      return kept(.isRefused(error), of: now.total(on: node))
    }
  }
}

extension HugePagePool {
  /// For those who have nobody to tell why it is not known.
  static func told(pageSize: Int) -> HugePagePool? { (try? of(pageSize: pageSize)) ?? nil }

  /// Throws where it is not known; `path`: the file that draws on it.
  static func demanded(pageSize: Int, path: String?) throws(MemoryError) -> HugePagePool {
    let pool = try requiring(path) { () throws(Unreadable) in try of(pageSize: pageSize) }
    guard let pool else { throw MemoryError(.noSuchPageSize, path: path, pageSize: pageSize) }
    return pool
  }
}
