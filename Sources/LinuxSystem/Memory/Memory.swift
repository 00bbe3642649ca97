public import CLinux

/// Calls on memory by address, made for chunks: they allocate nothing and throw an errno.
public enum Memory {
  /// Makes every page of the range present and, when `writing`, writable (madvise(2), MADV_POPULATE_WRITE or _READ).
  /// EFAULT: no memory for a page; EHWPOISON: a poisoned one.
  @inlinable
  public static func populate(_ address: UInt, _ length: Int, writing: Bool = true) throws(Errno) {
    try Errno.check(clinux_populate(address, length, writing))
  }

  /// Whether the kernel has MADV_POPULATE_WRITE (Linux 5.14).
  public static let canPopulate = clinux_populate(0, 0, true) == 0

  /// Gives a private mapping's pages back (madvise(2), MADV_DONTNEED).
  @inlinable
  public static func giveBack(_ address: UInt, _ length: Int) throws(Errno) {
    try Errno.check(clinux_give_back(address, length))
  }

  /// Takes a shared mapping's pages from its file, which keeps its size (madvise(2), MADV_REMOVE). EOPNOTSUPP: not on that
  /// file system.
  @inlinable
  public static func remove(_ address: UInt, _ length: Int) throws(Errno) {
    try Errno.check(clinux_remove(address, length))
  }

  /// Asks for transparent huge pages, or for none (madvise(2)).
  public static func adviseHuge(_ address: UInt, _ length: Int, _ huge: Bool) throws(Errno) {
    try Errno.check(clinux_advise_huge(address, length, huge))
  }

  /// Locks pages as they come (mlock2(2), MLOCK_ONFAULT); populates nothing.
  public static func lockOnFault(_ address: UInt, _ length: Int) throws(Errno) {
    try Errno.check(clinux_lock_on_fault(address, length))
  }

  /// Makes every page and locks it (mlock(2)). ENOMEM: beyond RLIMIT_MEMLOCK, without CAP_IPC_LOCK.
  @inlinable
  public static func lock(_ address: UInt, _ length: Int) throws(Errno) {
    try Errno.check(clinux_lock(address, length))
  }

  /// munlock(2).
  @inlinable
  public static func unlock(_ address: UInt, _ length: Int) throws(Errno) {
    try Errno.check(clinux_unlock(address, length))
  }

  /// Touches one byte every `stride` bytes and changes none. `catchBusErrors` must have been called.
  @inlinable
  public static func touch(_ address: UInt, _ length: Int, stride: Int, writing: Bool = true) throws(Errno) {
    try Errno.check(clinux_touch(address, length, stride, writing))
  }

  /// The ways to store zeros.
  public enum Store: Sendable, CaseIterable {
    case memset, repStosb, nonTemporal

    /// Those that this CPU has.
    public static var available: [Store] { allCases.filter { clinux_store_available($0.number) } }

    /// Whether this CPU has stores that go past its caches.
    public static var hasNonTemporal: Bool { clinux_store_available(CLINUX_STORE_NONTEMPORAL) }

    @inlinable var number: clinux_store {
      switch self {
      case .memset: CLINUX_STORE_MEMSET
      case .repStosb: CLINUX_STORE_REP_STOSB
      case .nonTemporal: CLINUX_STORE_NONTEMPORAL
      }
    }
  }

  /// Zeroes the range. `catchBusErrors` must have been called.
  @inlinable
  public static func clear(_ address: UInt, _ length: Int, _ store: Store) throws(Errno) {
    try Errno.check(clinux_clear(address, length, store.number))
  }

  /// The sizes of vectors, in bytes, that this CPU can look with.
  public static var vectors: [Int] { [16, 32, 64].filter { $0 <= clinux_widest_vector() } }

  /// The offset of the first byte that is not zero; nil when all are. `catchBusErrors` must have been called. `vector`: one of
  /// `vectors`; 0: the widest.
  @inlinable
  public static func firstNonZero(_ address: UInt, _ length: Int, vector: Int = 0) throws(Errno) -> Int? {
    var at = 0
    try Errno.check(unsafe clinux_find_nonzero(address, length, Int32(vector), &at))
    return at < length ? at : nil
  }

  /// Lets the calls above answer a SIGBUS with an errno, each thread for itself (sigaction(2)).
  public static func catchBusErrors() throws(Errno) { try Errno.check(clinux_catch_sigbus()) }

  /// Looking at a page of a file on disk reads no other (madvise(2), MADV_RANDOM).
  public static func adviseRandom(_ address: UInt, _ length: Int) throws(Errno) {
    try Errno.check(clinux_advise_random(address, length))
  }

  /// Where the first page of the range is that is not mapped; nil where there is none, as far as the kernel tells (msync(2)).
  public static func firstHole(_ address: UInt, _ length: Int) -> UInt? {
    if clinux_demand_mapped(address, length) != Errno.noMemory.code { return nil }
    let page = MemoryInfo.basePageSize
    // the first so many pages are mapped
    var (mapped, pages) = (0, length / page)
    while pages - mapped > 1 {
      let middle = mapped + (pages - mapped) / 2
      if clinux_demand_mapped(address, middle * page) == Errno.noMemory.code { pages = middle } else { mapped = middle }
    }
    return address + UInt(mapped * page)
  }

  /// Sets a bit of `words`, from number `first` on, for every base page of the range that the kernel has in memory
  /// (mincore(2)), and counts them.
  @inlinable
  public static func markResident(
    _ address: UInt, _ length: Int, _ words: UnsafeMutablePointer<UInt64>, first: Int
  ) throws(Errno) -> Int {
    var count = 0
    try Errno.check(unsafe clinux_mark_resident(address, length, words, first, &count))
    return count
  }

  /// Bytes of the range, whole pages, that are in memory (mincore(2)): of a file those of the page cache that are cleared
  /// or read, on hugetlbfs those that this process has mapped.
  @inlinable
  public static func residentBytes(_ address: UInt, _ length: Int) throws(Errno) -> Int {
    var bytes = 0
    try Errno.check(unsafe clinux_resident_bytes(address, length, &bytes))
    return bytes
  }
}
