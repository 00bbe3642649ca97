public import LinuxSystem

/// What was found when a run's work was looked at.
public struct Verification: Sendable, Equatable {
  /// nil: contents were not to be cleared.
  public var isZero: Bool?
  /// nil: the kernel does not tell.
  public var residentBytes: Int? = 0
  /// Of them in huge pages, of a pool or transparent; nil where the kernel does not tell.
  public var hugeBytes: Int? = 0
  /// nil: not to be locked.
  public var lockedBytes: Int?
  /// Pinned, by the kernel's own count; nil: not to be pinned.
  public var pinnedBytes: Int?
  /// Where devices see the memory; nil: they do not.
  public var addresses: DeviceAddresses?
  /// The size of most of the pages; 0 where the kernel does not tell.
  public var pageSize = 0
  /// Empty where the kernel does not tell.
  public var bytesByNode: [Int: Int] = [:]
  /// The same of each file, in their order.
  public var bytesByNodeOfFiles: [[Int: Int]] = []
  /// `verify`: of each file.
  public var findings: [FileFindings] = []
  /// `release`: what is gone.
  public var released: Released?
  /// What was demanded and is not so.
  public var unmet: [MemoryError] = []
  /// What could not be looked at.
  public var unread: [Unreadable] = []

  public init() {}
}

/// What `release` came to.
public struct Released: Sendable, Equatable {
  /// Bytes of memory or disk that were there before, and are not any more.
  public var bytes = 0
  /// Of them those that pools have got, by the size of their pages.
  public var bytesOfPools: [Int: Int] = [:]
  /// What a disk keeps for the files though none of it is in them: behind their ends, or the file system's own.
  public var bytesOutside = 0
  /// Whether the names are gone, too.
  public var hasRemoved = false
  /// Whether the kernel tells that no page is left there.
  public var isProven = true

  public init(bytes: Int = 0, hasRemoved: Bool = false, isProven: Bool = true) {
    self.bytes = bytes
    self.hasRemoved = hasRemoved
    self.isProven = isProven
  }
}
