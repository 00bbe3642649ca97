internal import CLinux

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
  public static func current(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> TransparentHugePages? {
    guard let pageSize = try pageSize(files) else { return nil }
    guard let word = try choice("enabled", pageSize, files), let enabled = Mode(rawValue: word) else {
      throw Unreadable(directory + "/enabled", .isUnclear)
    }
    return TransparentHugePages(enabled: enabled, shared: try shared(pageSize, files), pageSize: pageSize)
  }

  private static func pageSize(_ files: SystemFiles) throws(Unreadable) -> Int? {
    if try files.names(in: directory) == nil { return nil }
    let pageSize = try files.demandNumber(directory + "/hpage_pmd_size")
    guard MemoryInfo.isPageSize(pageSize) else { throw Unreadable(directory + "/hpage_pmd_size", .isUnclear) }
    return pageSize
  }

  /// Bytes that a huge page may have here, and that chunks are not to cut: as long as the machine runs. Where the kernel does not
  /// tell, what one entry of the page tables' middle level maps on 64-bit machines.
  public static func unit() -> Int { machinesUnit }

  private static let machinesUnit = unit(SystemFiles())

  static func unit(_ files: SystemFiles) -> Int {
    let base = MemoryInfo.basePageSize
    do throws(Unreadable) {
      return try pageSize(files) ?? base
    } catch {
      return base * (base / 8)
    }
  }

  /// Whether files on a tmpfs of that device number may come in them: by its mount option, or, where it is mounted nowhere
  /// as memfds' is, by the setting for shared memory (/proc/self/mountinfo).
  public static func isOn(device: UInt64, _ files: SystemFiles = SystemFiles()) throws(Unreadable) -> Bool {
    guard let shared = try current(files)?.shared else { return false }
    switch (shared, try FileSystemMount.of(device: device, files)?.options) {
    case (.deny, _): return false
    case (.force, _): return true
    case (.never, nil): return false
    case (_, nil): return true
    case (_, let options?): return options.contains { ["huge=always", "huge=within_size", "huge=advise"].contains($0) }
    }
  }

  /// `deny` and `force` are only in the setting for all sizes, and overrule that of the page size. A kernel that has no
  /// such setting has none for shared memory.
  private static func shared(_ pageSize: Int, _ files: SystemFiles) throws(Unreadable) -> SharedMode {
    let path = directory + "/shmem_enabled"
    guard let text = try files.read(path) else { return .never }
    let general = text.between("[", "]").flatMap(SharedMode.init)
    if let general, general == .deny || general == .force { return general }
    guard let mode = try choice("shmem_enabled", pageSize, files).flatMap(SharedMode.init) else {
      throw Unreadable(path, .isUnclear)
    }
    return mode
  }

  /// What is chosen in `setting`: newer kernels have one for each page size, which may inherit the general one.
  private static func choice(
    _ setting: String, _ pageSize: Int, _ files: SystemFiles
  ) throws(Unreadable) -> String? {
    let ofSize = try files.read("\(directory)/hugepages-\(pageSize >> 10)kB/\(setting)")?.between("[", "]")
    if let ofSize, ofSize != "inherit" { return ofSize }
    return try files.demand("\(directory)/\(setting)").between("[", "]")
  }
}

/// What holds for one process, whatever the machine's settings are. It is inherited from whoever started it.
extension TransparentHugePages {
  /// Whether this process gets none even where it asks for them (prctl(2), PR_SET_THP_DISABLE).
  public static var areOffForProcess: Bool {
    get throws(Unreadable) { try processSetting() == CLINUX_THP_OFF }
  }

  /// Lets the page tables of this process have them again: a file's huge pages look like base pages otherwise.
  public static func allowInProcess() throws(Unreadable) {
    if (try? processSetting()) == CLINUX_THP_ON { return }
    let result = clinux_thp_allow()
    if result != 0 { throw Unreadable("the size of pages without prctl(2) PR_SET_THP_DISABLE", Errno(result)) }
  }

  private static func processSetting(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> clinux_thp {
    var setting = CLINUX_THP_ON
    let result = unsafe clinux_thp_setting(&setting)
    if result == 0 { return setting }
    // where the call is forbidden
    let lines = try files.demand("/proc/self/status").split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("THP_enabled:") }) else {
      throw Unreadable("prctl(2) PR_GET_THP_DISABLE", Errno(result))
    }
    return line.hasSuffix("1") ? CLINUX_THP_ON : CLINUX_THP_OFF
  }
}
