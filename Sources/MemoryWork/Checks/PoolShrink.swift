public import KTask
internal import LinuxSystem

/// `--shrink-pool`: what `--grow-pool` has raised, and a release has put into pools again, goes back to the kernel, as far
/// as nobody else is to have it (`PoolCut`).
///
/// How much was raised whoever did so has noted (`RaisedPages`): a pool that was reserved when the machine started stays.
/// From before the release until the end the right to change those pools is held, so that nobody who raises one at the
/// same time loses what he has raised.
public final class PoolShrink {
  /// The most that can go, as things were when it was planned.
  public let planned: [PoolCut]
  /// What went.
  public private(set) var cuts: [PoolCut] = []
  /// What should have gone, and did not.
  public private(set) var kept: [KeptPages] = []
  private let job: any MemoryJob
  private let keepFree: Int
  private var claims: [(claim: Owned<PoolSize>, before: HugePagePool)] = []

  /// `keepFree`: pages of each pool that stay free for others. Throws where this process may not change pools, before
  /// anything is released.
  public init(_ job: any MemoryJob, keepFree: Int) throws(MemoryError) {
    self.job = job
    self.keepFree = keepFree
    var planned: [PoolCut] = []
    for size in Self.pageSizes(job) {
      let path = Self.path(job, size)
      let pool = try HugePagePool.demanded(pageSize: size, path: path)
      let pages =
        job.files.filter { $0.pageSize == size }.map { $0.present.clamped(to: job.part(of: $0)).bytes }.sum() / size
      if let cut = PoolCut.expected(pool, released: pages, keepFree: keepFree) { planned.append(cut) }
      do throws(Errno) {
        try PoolSize.checkRight(pageSize: size)
      } catch {
        throw MemoryError(.failed(.growPool, error), path: path, pageSize: size)
      }
    }
    self.planned = planned
  }

  /// Of the pools into which pages go.
  private static func pageSizes(_ job: any MemoryJob) -> [Int] {
    let files = job.files.filter { file in
      file.fileSystem.kind == .hugetlbfs
        && (!file.presentIsExact || file.present.clamped(to: job.part(of: file)).bytes > 0)
    }
    return Set(files.map(\.pageSize)).sorted()
  }

  /// The first file that draws on a pool, for messages.
  private static func path(_ job: any MemoryJob, _ pageSize: Int) -> String? {
    job.files.first { $0.pageSize == pageSize }?.path
  }

  /// Before the release: looks at the pools, and waits while another process changes one.
  public func begin(_ monitor: TaskMonitor) throws(MemoryError) {
    for size in Self.pageSizes(job) {
      let path = Self.path(job, size)
      let claim = try PoolSize.wait(for: size, path: path, monitor)
      claims.append((claim, try HugePagePool.demanded(pageSize: size, path: path)))
    }
  }

  /// After it: makes the pools smaller by what may go of `released`, and lets others change them. nil: it was not finished,
  /// and they stay as they are.
  public func end(_ released: Released?) {
    defer { claims = [] }
    guard let released else { return }
    for (claim, before) in claims {
      let size = before.pageSize
      cut(claim.value, before, released: (released.bytesOfPools[size] ?? 0) / size)
    }
  }

  private func cut(_ claim: borrowing PoolSize, _ before: HugePagePool, released: Int) {
    func keep(_ why: KeptPages.Why, of total: Int? = nil) {
      let all = PoolRaise(pageSize: before.pageSize, node: nil, pages: released)
      kept.append(KeptPages(raise: all, total: total, why: why))
    }
    guard let now = HugePagePool.told(pageSize: before.pageSize) else { return keep(.isUnknown) }
    guard let raised = (try? claim.raised()) ?? nil else { return keep(.isUncounted, of: now.total) }
    let possible = PoolCut.possible(from: before, to: now, raised: raised, released: released, keepFree: keepFree)
    for var cut in possible {
      if let rest = claim.shrink(cut.node, by: cut.pages) {
        kept.append(rest)
        cut.pages -= rest.raise.pages
      }
      if cut.pages > 0 { cuts.append(cut) }
    }
  }
}
