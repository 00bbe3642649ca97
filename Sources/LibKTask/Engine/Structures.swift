internal import CKTask
internal import LinuxSystem

/// Whether a call can begin. What it allocates on its way is far less; where there is nothing at all Swift would end the
/// program.
func hasHeap(_ more: Int = 0) -> Bool {
  let (bytes, isBeyond) = more.addingReportingOverflow(64 << 10)
  return !isBeyond && OwnMemory.hasHeap(bytes)
}

// Structures of a client's that was built with an older header are shorter: what is missing there is 0.

/// A client's structure, as this library knows it; nil where its size cannot be one. `least`: the size of its first version.
func taken<Structure: BitwiseCopyable>(
  _ given: UnsafePointer<Structure>, into whole: Structure, least: Int
) -> Structure? {
  let size = unsafe UnsafeRawPointer(given).loadUnaligned(as: Int.self)
  guard size >= least else { return nil }
  var whole = whole
  unsafe withUnsafeMutableBytes(of: &whole) { bytes in
    unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(start: given, count: min(size, bytes.count)))
  }
  return whole
}

/// Writes what a client's structure has room for; its size, the first member, stays as it is.
func give<Structure: BitwiseCopyable>(_ whole: Structure, to given: UnsafeMutablePointer<Structure>?) {
  guard let given = unsafe given else { return }
  let size = unsafe UnsafeRawPointer(given).loadUnaligned(as: Int.self)
  let first = MemoryLayout<Int>.size
  unsafe withUnsafeBytes(of: whole) { bytes in
    let count = min(size, bytes.count)
    if count <= first { return }
    unsafe UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(given) + first, count: count - first)
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[first..<count]))
  }
}
