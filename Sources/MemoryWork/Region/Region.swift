public import KTask

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
  /// Any of its pages may be larger than that.
  var isTransparent = false
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
