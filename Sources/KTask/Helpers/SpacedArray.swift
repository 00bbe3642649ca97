/// Elements in memory of their own, so far apart that no two share a cache line (nor the pair of lines that CPUs
/// fetch together). The owner initialises and deinitialises them.
@safe
struct SpacedArray<Element: ~Copyable>: ~Copyable {
  private static var spacing: Int { 128 }

  private let base: UnsafeMutableRawPointer
  private let stride: Int
  let count: Int

  init(_ count: Int) {
    stride = (MemoryLayout<Element>.size + Self.spacing - 1) / Self.spacing * Self.spacing
    self.count = count
    unsafe base = .allocate(byteCount: stride * count, alignment: Self.spacing)
  }

  deinit { unsafe base.deallocate() }

  subscript(index: Int) -> UnsafeMutablePointer<Element> {
    unsafe (base + index * stride).assumingMemoryBound(to: Element.self)
  }
}
