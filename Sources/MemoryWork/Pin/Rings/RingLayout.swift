internal import LinuxSystem

/// How many rings, with how many places each.
struct RingLayout: Equatable {
  var rings: Int
  var places: Int

  /// Rings that are worth their descriptors: by then each has few huge pages to compare.
  static let mostRings = 512

  /// Rings for so many bytes in buffers of `largest` at most: one for each, but at least one for each CPU, and no
  /// more than `most`.
  static func rings(_ bytes: Int, largest: Int, cpus: Int, most: Int) -> Int {
    let buffers = (bytes - 1) / min(largest, usualMinimumChunk) + 1
    return max(1, min(max(buffers, cpus), most, mostRings))
  }

  /// What the kernel counts as locked at most, of `bytes` in pages of no more than `page`: one that buffers share counts whole
  /// for each ring that has a part of it.
  static func lockedBytes(_ bytes: Int, buffers: Int, largest: Int, page: Int, rings: Int) -> Int {
    let whole = bytes / page
    // a power of two, as pages are
    let step = min(page, largest & -largest)
    if whole == 0 || step == page { return bytes }
    let cutting = buffers - buffers / (page / step)
    return bytes % page +| min(whole +| cutting, whole *| rings) *| page
  }

  /// nil: more buffers than the rings have places for.
  init?(buffers: Int, rings: Int) {
    self.rings = rings
    places = buffers.pieces(of: rings)
    if places > BufferRing.mostPlaces { return nil }
  }
}
