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
    case .transparent: TransparentHugePages.unit()
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
  public static var preferred: PageKind { preference(obstacle()) }

  static func preference(_ obstacle: MemoryError.Cause?) -> PageKind { obstacle == nil ? .transparent : .base }

  /// What keeps this process from having transparent huge pages where it asks for them; nil: nothing. Shared memory has a
  /// setting of its own.
  public static func obstacle(shared: Bool = false) -> MemoryError.Cause? {
    do throws(Unreadable) {
      guard let settings = try TransparentHugePages.current() else { return .transparentOff }
      if try TransparentHugePages.areOffForProcess { return .transparentOffForProcess }
      let isOff = shared ? [.never, .deny].contains(settings.shared) : settings.enabled == .never
      return isOff ? .transparentOff : nil
    } catch {
      return .unread(error)
    }
  }

  /// The kind of `bytes` large pages; nil where the machine has none. Throws where that is not known.
  public static func of(bytes: Int, path: String? = nil) throws(MemoryError) -> PageKind? {
    if bytes == MemoryInfo.basePageSize { return .base }
    let pool = try requiring(path) { () throws(Unreadable) in try HugePagePool.of(pageSize: bytes) }
    return pool == nil ? nil : .huge(bytes)
  }
}
