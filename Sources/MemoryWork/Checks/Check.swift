public import LinuxSystem

/// Something that must be there before any memory is touched: how much is needed, how much there is.
public struct Check: Equatable, Sendable {
  public enum What: Hashable, Sendable {
    case memory
    case cgroupMemory(path: String)
    /// Free pages of a pool that nobody has reserved, of so many bytes each, of so many in the pool.
    case hugePages(size: Int, total: Int)
    case cgroupHugePages(size: Int, path: String)
    case nodeMemory(node: Int)
    /// As `hugePages`, of one node.
    case nodeHugePages(size: Int, node: Int, total: Int)
    /// Of a file system, which `device` (st_dev) tells from others of its kind; 0: not known which.
    case space(fileSystem: String, device: UInt64 = 0)
    /// RLIMIT_MEMLOCK, without CAP_IPC_LOCK.
    case lockLimit
    /// RLIMIT_FSIZE.
    case fileSizeLimit
    /// RLIMIT_AS.
    case addressSpaceLimit
    /// RLIMIT_DATA.
    case dataLimit
    /// What the kernel promises in all where it promises no more than there is, of which `memory` bytes are not swap.
    case commitLimit(memory: Int)
    /// Pieces that can be pinned each by itself, a count: "buffers".
    case pieces(String)
    /// That nobody else has files open or mapped whose content goes. Not about an amount: whoever has them is named.
    case alone(FilesInUse)
  }
  public var what: What
  /// In bytes, huge pages too; pieces are counted.
  public var need: Int
  public var have: Int
  /// Of several files the first.
  public var path: String?
  /// Of how many files or regions it is the sum.
  public var parts = 1
  /// What a pool has for it, `have` in parts; nil: it is not about a pool.
  public var supply: HugePagePool.Supply?
  /// Why it could not be made; nil: it was. What is then needed and had means nothing.
  public var notMade: Unreadable?

  /// A check that was not made stands in nobody's way: the kernel is to say it.
  public var isMet: Bool {
    if notMade != nil { return true }
    if case .alone(let use) = what { return use.paths.isEmpty }
    return need <= have
  }

  public init(_ what: What, need: Int, have: Int, path: String? = nil) {
    self.what = what
    self.need = need
    self.have = have
    self.path = path
  }

  init(_ what: What, path: String? = nil) { self.init(what, need: 0, have: 0, path: path) }

  public init(_ what: What, need: Int, notMade: Unreadable, path: String? = nil) {
    self.init(what, need: need, have: 0, path: path)
    self.notMade = notMade
  }

  /// Made where the kernel told what there is; `have` makes bytes of that.
  init<Value>(_ what: What, need: Int, _ fact: Fact<Value>, path: String? = nil, have: (Value) -> Int) {
    switch fact {
    case .success(let value): self.init(what, need: need, have: have(value), path: path)
    case .failure(let unread): self.init(what, need: need, notMade: unread, path: path)
    }
  }
}
