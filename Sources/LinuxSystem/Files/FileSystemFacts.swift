internal import CLinux

/// What fstatfs(2) tells.
public struct FileSystemFacts: Sendable, Equatable {
  /// The kinds whose memory is understood; the raw values are words for people.
  public enum Kind: String, Sendable {
    case hugetlbfs, tmpfs
    case ext = "ext4"
    case xfs, btrfs, proc
    /// sysfs, cgroups, debugfs and their like.
    case pseudo = "a pseudo file system"
    case other = "unknown file system"

    /// Whether the kernel makes up what a file has while it is read.
    public var isPseudo: Bool { self == .proc || self == .pseudo }
  }
  public let kind: Kind
  /// Which of its kind (st_dev).
  public let device: UInt64
  /// Whether cachestat(2) counts the pages that a reader gets. A file of an overlay, or of FUSE that passes through, has none
  /// of its own: they are those of the file beneath, of which mincore(2) tells and cachestat does not.
  public var ownsItsPages: Bool {
    switch kind {
    case .tmpfs, .ext, .xfs, .btrfs: true
    case .hugetlbfs, .proc, .pseudo, .other: false
    }
  }
  /// Bytes a block; on hugetlbfs the huge page size.
  public let blockSize: Int
  /// Free bytes, for anyone and for root; nil where the file system has no limit of its own.
  public let availableBytes: Int?
  public let freeBytes: Int?
  /// Bytes in use; nil where the file system has no limit of its own, and may not count them.
  public let usedBytes: Int?

  /// Of an open file.
  public static func of(_ descriptor: Int32) throws(Errno) -> FileSystemFacts {
    var raw = clinux_filesystem_facts()
    try Errno.check(unsafe clinux_filesystem_of(descriptor, &raw))
    return FileSystemFacts(raw)
  }

  private init(_ raw: clinux_filesystem_facts) {
    device = raw.device
    blockSize = Int(clamping: raw.block_size)
    let kind = Self.kind(raw.kind)
    // a pool has no pages of any other size
    self.kind = kind == .hugetlbfs && !MemoryInfo.isPageSize(blockSize) ? .other : kind
    let isLimited = raw.blocks > 0
    availableBytes = isLimited ? Int(clamping: raw.available_blocks) *| blockSize : nil
    freeBytes = isLimited ? Int(clamping: raw.free_blocks) *| blockSize : nil
    usedBytes = isLimited ? Int(clamping: raw.blocks - min(raw.blocks, raw.free_blocks)) *| blockSize : nil
  }

  private static func kind(_ raw: clinux_filesystem) -> Kind {
    switch raw {
    case CLINUX_FS_HUGETLBFS: .hugetlbfs
    case CLINUX_FS_TMPFS: .tmpfs
    case CLINUX_FS_EXT: .ext
    case CLINUX_FS_XFS: .xfs
    case CLINUX_FS_BTRFS: .btrfs
    case CLINUX_FS_PROC: .proc
    case CLINUX_FS_PSEUDO: .pseudo
    default: .other
    }
  }
}
