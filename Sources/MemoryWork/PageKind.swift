internal import LinuxSystem

/// The pages that anonymous memory is made of.
public enum PageKind: Hashable, Sendable {
  case base
  /// Base pages that the kernel makes huge where it can (MADV_HUGEPAGE).
  case transparent
  /// Pages of a pool, of so many bytes.
  case huge(Int)

  /// Bytes that chunk ends are multiples of: a transparent huge page must not be cut either.
  public var alignment: Int {
    switch self {
    case .base: MemoryInfo.basePageSize
    case .transparent: TransparentHugePages.current()?.pageSize ?? MemoryInfo.basePageSize
    case .huge(let size): size
    }
  }

  /// Bytes of the smallest page that memory of this kind has, which its size is a multiple of: what is left beside
  /// whole transparent huge pages comes in base pages.
  var smallestPage: Int {
    if case .huge(let size) = self { return size }
    return MemoryInfo.basePageSize
  }

  /// Transparent huge pages where the kernel gives them to whom asks, else base pages.
  public static var preferred: PageKind { isTransparentOn ? .transparent : .base }

  static var isTransparentOn: Bool {
    guard let settings = TransparentHugePages.current() else { return false }
    return settings.enabled != .never
  }

  /// The kind of `bytes` large pages, if the machine has them.
  public static func of(bytes: Int) -> PageKind? {
    if bytes == MemoryInfo.basePageSize { return .base }
    return HugePagePool.of(pageSize: bytes) == nil ? nil : .huge(bytes)
  }
}

/// The next multiple of `page`; nil when that is beyond Int.
func rounded(_ bytes: Int, up page: Int) -> Int? {
  let (sum, overflow) = bytes.addingReportingOverflow(page - 1)
  return overflow ? nil : sum / page * page
}
