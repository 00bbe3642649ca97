internal import LinuxSystem

/// How pages are made.
public enum Method: String, Sendable, CaseIterable {
  /// madvise(2), MADV_POPULATE_WRITE.
  case populate
  /// fallocate(2).
  case fallocate
  /// One byte of every page, as any program would.
  case touch
  /// Not at all: what pins the memory makes its pages, too.
  case mapCold = "map-cold"
}

/// How the pages of a region are made: blocks allocated first or not, then pages made by reading or writing them.
struct Recipe: BitwiseCopyable, Equatable {
  enum Pages: BitwiseCopyable { case none, populate, touch }

  /// What fails when pages cannot be made.
  @_noLocks
  func operation() -> MemoryError.Operation {
    switch pages {
    case .none: .allocate
    case .populate: .populate
    case .touch: .touch
    }
  }

  /// fallocate(2) first.
  var allocates = false
  var pages = Pages.populate
  /// Writing dirties a file's pages: right for memory, not for what is on disk.
  var writing = true
}

extension Region {
  /// Makes pages present by the region's recipe.
  @_noLocks
  func makePages(_ address: UInt, _ length: Int) throws(Errno) {
    switch recipe.pages {
    case .none: break
    case .populate: try Memory.populate(address, length, writing: recipe.writing)
    case .touch: try Memory.touch(address, length, stride: pageSize, writing: recipe.writing)
    }
  }
}

extension Recipe {
  /// populate, or touch on a kernel that cannot; fallocate is for files, map-cold for pins.
  static func populating(_ wanted: Method?, path: String? = nil) throws(MemoryError) -> (Recipe, Method?) {
    if let wanted, wanted == .fallocate || wanted == .mapCold { throw MemoryError(.noMethod(wanted), path: path) }
    if wanted == .populate && !Memory.canPopulate { throw MemoryError(.noMethod(.populate), path: path) }
    let method = wanted ?? (Memory.canPopulate ? .populate : .touch)
    return (Recipe(pages: method == .touch ? .touch : .populate), method)
  }
}
