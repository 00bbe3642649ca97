public import LinuxSystem

/// Why memory work was refused or failed: values, which the program makes sentences of.
public struct MemoryError: Error, Equatable, Sendable {
  /// What was being done when a call failed.
  public enum Operation: String, Sendable, BitwiseCopyable {
    case open, create, resize, lock, map, advise, populate, allocate, touch, clear, verify, pin, register, inspect
    case mapForDevices, place, locate, remove, punch, growPool, read, own, mode, giveToStock
  }

  public enum Cause: Equatable, Sendable {
    /// Found beforehand: something there is not enough of.
    case short(Check)
    /// A call failed.
    case failed(Operation, Errno)
    /// Not a kind of file that has memory to make ready.
    case wrongKind(FileStatus.Kind)
    /// Its file system's memory cannot be cleared in place, or not be made at all.
    case wrongFileSystem(String)
    /// Its file system has another page size.
    case wrongPageSize(has: Int)
    /// The machine has no pages of that size.
    case noSuchPageSize
    /// Transparent huge pages are switched off.
    case transparentOff
    /// For this process only: whoever started it has done that.
    case transparentOffForProcess
    /// What must be known, and the kernel does not tell.
    case unread(Unreadable)
    /// Another ktaskctl works on it.
    case busy
    case missing
    case noSize
    /// More is asked for than a file has that is not to grow.
    case beyondEnd(size: Int)
    /// The same file was named before.
    case namedTwice
    /// Has pages of its own, which a sweep must not give back.
    case hasPages(bytes: Int)
    /// This kernel, file system or kind of memory lacks the method.
    case noMethod(Method)
    /// A byte that should have been cleared was not.
    case notZero
    /// Fewer bytes are resident than should be.
    case notResident(bytes: Int)
    /// The kernel does not tell how many are.
    case unknownResidency
    /// Fewer bytes have blocks on the disk than should.
    case notAllocated(bytes: Int)
    case notLocked(bytes: Int)
    /// Fewer bytes are pinned than should be.
    case notPinned(bytes: Int)
    /// What was to pin it cannot.
    case noPin(PinRefusal)
    /// Of the process of that number, whose memory it was to be.
    case process(Int, ProcessRefusal)
    /// A running process has made it shorter meanwhile: its size in bytes now.
    case cut(to: Int)
    /// Nodes that are not there, or that this process may not have memory of; libnuma's reason where it has one.
    case noSuchNodes(String, why: String?)
    /// The kernel or a container keeps NUMA policies from this process.
    case noNodes
    /// Its pages come from the page cache, which follows no mapping's policy.
    case noPlacement(String)
    /// Bytes that lie on a node that was not asked for; whether they were there before.
    case wrongNode(bytes: Int, asked: NodeSet, wasThere: Bool)
    /// `verify` found something else than was demanded.
    case notAsDemanded(Shortfall)
    /// `release` found pages again.
    case notReleased(bytes: Int)
    /// What was made to be measured is still there.
    case notGivenBack
    /// A pool could be raised by so many of the pages that it lacks.
    case poolShort(wanted: Int, got: Int)
    /// A directory is no stock, or a file cannot be in one.
    case noStock(StockRefusal)
    /// The name means another file by now.
    case replaced
    case cancelled
  }

  public var cause: Cause
  /// The file; nil for anonymous memory.
  public var path: String?
  /// The failed chunk, or the first bad byte: bytes from the start of the file or region.
  public var offset: Int?
  public var bytes: Int?
  public var pageSize: Int?
  /// The node that the memory was to come from, or that it should not be on.
  public var node: Int?
  /// Pages that the pool has free all the same, and they would have been enough: what kept them back is not the pool.
  public var poolFree: Int?
  /// Who has the pages of a pool that has too few: the largest.
  public var holders: [PoolHolder] = []
  /// What was done by then could not all be taken back.
  public var leavesChanges = false

  public init(
    _ cause: Cause, path: String? = nil, offset: Int? = nil, bytes: Int? = nil, pageSize: Int? = nil, node: Int? = nil
  ) {
    self.cause = cause
    self.path = path
    self.offset = offset
    self.bytes = bytes
    self.pageSize = pageSize
    self.node = node
  }

  /// The same with a look at the pool, where pages of one for `need` bytes were refused. After the undo, so that they
  /// are back.
  func lookingAtPool(need: Int) -> MemoryError {
    guard let pageSize, pageSize > MemoryInfo.basePageSize, errno == .fault || errno == .noSpace || errno == .noMemory,
      let pool = try? HugePagePool.of(pageSize: pageSize)
    else { return self }
    // what is promised to others was not to be had
    let ready = node.map { node in pool.nodes.first { $0.number == node }.map { pool.supply(on: $0).ready } ?? 0 }
    let free = ready ?? pool.supply().ready
    var error = self
    if need > 0, free >= need.pieces(of: pageSize) { error.poolFree = free }
    return error
  }

  /// The error number underneath, where there is one.
  public var errno: Errno? {
    switch cause {
    case .failed(_, let errno): errno
    case .unread(let unread): unread.errno
    default: nil
    }
  }
}
