internal import Synchronization

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

  /// Bytes that were, by the size of their pages.
  var presentBytes: [Int: Int] {
    (0..<count).reduce(into: [:]) { sums, index in
      unsafe sums[regions[index].pageSize, default: 0] += unsafe present[index].reduce(0) { $0 + $1.count }
    }
  }

  var bytesGivenBack: Int { unsafe givenBack.pointee.load(ordering: .relaxed) }

  deinit {
    for index in unsafe present.indices { unsafe present[index].deallocate() }
    unsafe regions.deallocate()
    unsafe givenBack.deinitialize(count: 1)
    unsafe givenBack.deallocate()
  }
}
