/// When the kernel makes memory of huge pages unasked (/sys/kernel/mm/transparent_hugepage).
public struct TransparentHugePages: Sendable, Equatable {
  /// For anonymous memory.
  public enum Mode: String, Sendable {
    case always
    /// Only where madvise(2) MADV_HUGEPAGE asks for it.
    case madvise
    case never
  }

  /// For shared anonymous memory, memfds and System V segments. A tmpfs has its mount option `huge=` instead.
  public enum SharedMode: String, Sendable {
    case always
    /// Only within the file's size.
    case withinSize = "within_size"
    /// Only where madvise(2) MADV_HUGEPAGE asks for it.
    case advise
    case never
    /// Never, not even on a tmpfs that asks for it.
    case deny
    /// Always, for every tmpfs too.
    case force
  }

  /// What holds for anonymous memory in pages of `pageSize`.
  public let enabled: Mode
  /// What holds for shared memory in pages of `pageSize`.
  public let shared: SharedMode
  /// The size in bytes of the page that one page middle directory entry maps (`hpage_pmd_size`).
  public let pageSize: Int

  public init(enabled: Mode, shared: SharedMode, pageSize: Int) {
    self.enabled = enabled
    self.shared = shared
    self.pageSize = pageSize
  }
}

extension TransparentHugePages {
  private static let directory = "/sys/kernel/mm/transparent_hugepage"

  /// What holds now; nil if the kernel has no transparent huge pages.
  public static func current(_ files: SystemFiles = SystemFiles()) -> TransparentHugePages? {
    guard let pageSize = files.integer(directory + "/hpage_pmd_size"),
      let enabled = choice("enabled", pageSize, files).flatMap(Mode.init)
    else { return nil }
    return TransparentHugePages(enabled: enabled, shared: shared(pageSize, files), pageSize: pageSize)
  }

  /// `deny` and `force` are only in the setting for all sizes, and overrule that of the page size.
  private static func shared(_ pageSize: Int, _ files: SystemFiles) -> SharedMode {
    let general = files.text(directory + "/shmem_enabled")?.between("[", "]").flatMap(SharedMode.init)
    if general == .deny || general == .force { return general ?? .never }
    return choice("shmem_enabled", pageSize, files).flatMap(SharedMode.init) ?? .never
  }

  /// What is chosen in `setting`: newer kernels have one for each page size, which may inherit the general one.
  private static func choice(_ setting: String, _ pageSize: Int, _ files: SystemFiles) -> String? {
    let ofSize = files.text("\(directory)/hugepages-\(pageSize >> 10)kB/\(setting)")?.between("[", "]")
    if let ofSize, ofSize != "inherit" { return ofSize }
    return files.text("\(directory)/\(setting)")?.between("[", "]")
  }
}
