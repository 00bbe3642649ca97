import Testing

@testable import KTask

/// R2's arithmetic: how large a chunk, and where chunks lie.
@Suite("The chunk size")
struct ChunkPolicyTests {
  @Test(
    "is a quarter of a thread's share, in whole minimum chunks",
    arguments: [
      // size, threads, minimum, chunk
      (1000, 1, 10, 1000), (1000, 2, 10, 120), (1000, 4, 10, 60), (1000, 4, 100, 100), (1000, 10, 100, 100),
      (1, 1, 1, 1), (2, 2, 1, 1), (1 << 40, 16, 1 << 27, 1 << 34), (Int.max, 2, 1, Int.max / 8),
      (Int.max, 16, 1 << 27, (1 << 57) - (1 << 27)), (Int.max, 1, 1, Int.max), (Int.max, 2, 1 << 62, 1 << 62),
    ] as [(Int, Int, Int, Int)])
  func isAQuarterShare(size: Int, threads: Int, minimum: Int, chunk: Int) {
    #expect(Policy.chunk(size: size, threads: threads, minimum: minimum) == chunk)
  }

  @Test(
    "is an equal share when more threads were asked for than there are minimum chunks",
    arguments: [
      (10, 10, 5, 1), (10, 3, 5, 4), (3, 16, 1, 1), (100, 8, 100, 13), (1, 2, 1, 1), (Int.max, 2, Int.max, 1 << 62),
    ] as [(Int, Int, Int, Int)])
  func isAnEqualShare(size: Int, threads: Int, minimum: Int, chunk: Int) {
    #expect(Policy.chunk(size: size, threads: threads, minimum: minimum) == chunk)
  }

  @Test(
    "is bounded by the client's maximum, for one thread as well",
    arguments: [
      // size, threads, minimum, maximum, alignment, chunk
      (1000, 1, 10, 50, 1, 50), (1000, 2, 10, 50, 1, 50), (1000, 2, 10, 50, 8, 48), (1000, 1, 1, 4096, 4096, 4096),
      // no multiple of the alignment below the maximum: the alignment holds
      (1000, 1, 1, 10, 16, 16),
    ] as [(Int, Int, Int, Int, Int, Int)])
  func isBounded(size: Int, threads: Int, minimum: Int, maximum: Int, alignment: Int, chunk: Int) {
    let found = Policy.chunk(size: size, threads: threads, minimum: minimum, maximum: maximum, alignment: alignment)
    #expect(found == chunk)
  }

  /// Everything that must hold of a chunk, over a net of numbers that includes the ends of Int.
  @Test(
    "is a whole number of aligned units, at least the minimum and at most the maximum, and covers the size",
    arguments: [0, 1, 2, 99, 100, 101, 4095, 4096, 4097, 1 << 40, Int.max - 1, Int.max])
  func keepsItsPromises(size: Int) {
    for minimum in [1, 2, 100, 4096, Int.max] {
      for alignment in [1, 3, 64, 4096] {
        for maximum in [minimum, min(minimum, .max / 2) * 2, 1 << 50, .max] where maximum >= max(minimum, alignment) {
          for threads in 1...17 { check(size, threads, minimum, maximum, alignment) }
        }
      }
    }
  }

  private func check(_ size: Int, _ threads: Int, _ minimum: Int, _ maximum: Int, _ alignment: Int) {
    let chunk = Policy.chunk(
      size: size, threads: threads, minimum: minimum, maximum: maximum, alignment: alignment)
    let numbers = [size, threads, minimum, maximum, alignment, chunk]
    #expect(chunk > 0 && chunk % alignment == 0 && chunk <= maximum, "\(numbers)")
    // what the automatic count gives; the maximum may cut into the minimum rounded up to the alignment
    let isAutomatic = threads > 1 && threads <= Policy.ceiling(size, minimum)
    let least = min(minimum, maximum / alignment * alignment)
    if isAutomatic { #expect(chunk >= least, "\(numbers)") }
    let count = Policy.ceiling(size, chunk)
    let (covered, isBeyondInt) = count.multipliedReportingOverflow(by: chunk)
    #expect(isBeyondInt || covered >= size, "\(numbers)")
  }

  @Test("is the whole when the engine is switched off")
  func isTheWhole() {
    var control = TaskControl(minimumChunk: 10)
    control.maximumChunk = 20
    control.alignment = 16
    control.isEnabled = false
    #expect(control.chunk(size: 1000, threads: 1) == 1000)
  }
}
