public import KTask
internal import LinuxSystem
internal import Synchronization

/// Where in a job a chunk starts or ends: a region, by its place in the job, and bytes from its start.
public struct MemoryPosition: BitwiseCopyable, Sendable {
  public var region: Int
  public var offset: Int

  public init(region: Int, offset: Int) {
    self.region = region
    self.offset = offset
  }
}

/// Steps through regions by bytes. Alignment counts from a region's start, which is aligned to its pages.
public struct MemoryIterator: PositionIterator {
  public static var isRandomAccess: Bool { true }

  public func position(_ bytes: Int, after position: MemoryPosition) -> MemoryPosition {
    MemoryPosition(region: position.region, offset: position.offset + bytes)
  }

  public func misalignment(of position: MemoryPosition, to alignment: Int) -> Int { position.offset % alignment }
}

/// What a chunk needs to know of the memory it works on: numbers only, nothing owned.
@safe
struct Region: BitwiseCopyable {
  /// Where it is mapped.
  var address: UInt
  /// Bytes mapped, whole pages.
  var length: Int
  var pageSize: Int
  /// The file behind it, -1 for none, and its size in bytes.
  var file: Int32
  var fileSize: Int
  /// Hears of others who open the file; -1: nobody does.
  var watch: Int32 = -1
  /// How its pages are made.
  var recipe: Recipe
  /// What was there before this job: ascending, apart, whole pages.
  var present: UnsafePointer<Range<Int>>?
  var presentCount = 0
  /// How its pages come to be seen when they are counted.
  var sight: Sight

  init(address: UInt, length: Int, pageSize: Int, file: Int32 = -1, fileSize: Int = 0, recipe: Recipe) {
    self.address = address
    self.length = length
    self.pageSize = pageSize
    self.file = file
    self.fileSize = fileSize
    self.recipe = recipe
    sight = file < 0 ? .mapped : .cached
  }
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

/// The regions of a job in memory that chunks read without counting references.
@safe
final class RegionTable: @unchecked Sendable {
  // @unchecked: written before the threads start; what is given back is counted atomically.
  let regions: UnsafeMutablePointer<Region>
  let count: Int
  /// Bytes that undo functions gave back.
  let givenBack = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: 1)
  private let present: [UnsafeMutableBufferPointer<Range<Int>>]

  /// `present`: for each region what was there before.
  init(_ list: [Region], present lists: [Extents]) {
    count = list.count
    unsafe regions = .allocate(capacity: list.count)
    var copies: [UnsafeMutableBufferPointer<Range<Int>>] = unsafe []
    for (index, region) in list.enumerated() {
      let ranges = lists.isEmpty ? [] : lists[index].ranges
      let copy = UnsafeMutableBufferPointer<Range<Int>>.allocate(capacity: ranges.count)
      _ = unsafe copy.initialize(from: ranges)
      var region = region
      unsafe region.present = UnsafePointer(copy.baseAddress)
      region.presentCount = ranges.count
      unsafe (regions + index).initialize(to: region)
      unsafe copies.append(copy)
    }
    unsafe present = copies
    unsafe givenBack.initialize(to: Atomic(0))
  }

  /// Bytes that were not there before.
  var missingBytes: Int {
    (0..<count).reduce(0) { sum, index in
      let was = unsafe present[index].reduce(0) { $0 + $1.count }
      return unsafe sum + max(0, regions[index].length - was)
    }
  }

  var bytesGivenBack: Int { unsafe givenBack.pointee.load(ordering: .relaxed) }
  func forgetGivenBack() { unsafe givenBack.pointee.store(0, ordering: .relaxed) }

  deinit {
    for index in unsafe present.indices { unsafe present[index].deallocate() }
    unsafe regions.deallocate()
    unsafe givenBack.deinitialize(count: 1)
    unsafe givenBack.deallocate()
  }
}

extension Region {
  /// Gives the file's pages between two offsets back, but for those that were there before; the bytes given back.
  ///
  /// A page that another process has written meanwhile looks like one of ours. Unless it is certain that nobody has had the
  /// file, only pages that are still all zero are given back, so that nothing anybody wrote is lost.
  @_noLocks
  func giveBackAdded(from: Int, to: Int) -> Int {
    let isAlone = FileRange.isUntouched(file, watch)
    var (at, bytes) = (from, 0)
    for index in firstPresent(after: from)..<presentCount {
      let was = unsafe present.unsafelyUnwrapped[index]
      if was.lowerBound >= to { break }
      if was.lowerBound > at { bytes += punch(at, was.lowerBound, isAlone) }
      at = was.upperBound
    }
    if at < to { bytes += punch(at, to, isAlone) }
    return bytes
  }

  @_noLocks
  private func punch(_ from: Int, _ to: Int, _ isAlone: Bool) -> Int {
    if isAlone { return punch(from, to) }
    var bytes = 0
    for page in stride(from: from, to: to, by: pageSize) {
      let end = min(page + pageSize, to)
      if isZero(page, end) { bytes += punch(page, end) }
    }
    return bytes
  }

  @_noLocks
  private func punch(_ from: Int, _ to: Int) -> Int {
    do throws(Errno) {
      try FileRange.punch(file, from, to - from)
      return to - from
    } catch {
      return 0
    }
  }

  /// A page that cannot be read is taken for one in use.
  @_noLocks
  private func isZero(_ from: Int, _ to: Int) -> Bool {
    do throws(Errno) {
      return try Memory.firstNonZero(address + UInt(from), to - from) == nil
    } catch {
      return false
    }
  }
}
