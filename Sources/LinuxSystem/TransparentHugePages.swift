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

  /// Whether files on a tmpfs of that device number may come in them: by its mount option, or, where it is mounted nowhere
  /// as memfds' is, by the setting for shared memory (/proc/self/mountinfo).
  public static func isOn(device: UInt64, _ files: SystemFiles = SystemFiles()) -> Bool {
    guard let shared = current(files)?.shared else { return false }
    switch (shared, mountOptions(device, files)) {
    case (.deny, _): return false
    case (.force, _): return true
    case (.never, nil): return false
    case (_, nil): return true
    case (_, let options?): return options.contains { ["huge=always", "huge=within_size", "huge=advise"].contains($0) }
    }
  }

  /// What a mount of that device was made with; nil: there is none.
  private static func mountOptions(_ device: UInt64, _ files: SystemFiles) -> [Substring]? {
    // as the C library's makedev(3) puts them together
    let (major, minor) = ((device >> 8 & 0xfff) | (device >> 32 & ~0xfff), (device & 0xff) | (device >> 12 & ~0xff))
    let number = "\(major):\(minor & 0xffff_ffff)"
    for line in (files.text("/proc/self/mountinfo") ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count > 3, words[2] == number, let options = words.last { return options.split(separator: ",") }
    }
    return nil
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
