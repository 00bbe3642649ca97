import CGuest
import Glibc

/// Bytes that a device copies inside a file that is pinned for it: the proof that the pin is one.
@safe
struct DMA {
  private let bytes: UnsafeMutableRawBufferPointer
  /// QEMU 7.2's device moves fewer than 4096 at a time.
  private static let length = 2048

  /// Maps a file of `length` bytes, all zero but for a pattern at its start, which gives it its pages.
  init(_ path: String, _ length: Int) throws(TestEnd) {
    let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if file == -1 { throw .errno(path) }
    defer { close(file) }
    if ftruncate(file, length) != 0 { throw .errno("ftruncate \(path)") }
    guard let start = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), unsafe start != MAP_FAILED
    else { throw .errno("mmap \(path)") }
    unsafe bytes = UnsafeMutableRawBufferPointer(start: start, count: length)
    unsafe memset(start, 0, length)
    for at in 0..<Self.length { unsafe bytes[at] = Self.pattern(at) }
  }

  func unmap() { unsafe munmap(bytes.baseAddress!, bytes.count) }

  /// Has the device copy the pattern to two places, and looks at every byte of the file.
  func check(_ device: Int32, base: UInt64, _ test: Test) {
    let places = [unsafe bytes.count / 2 - 1024, unsafe bytes.count - Self.length]
    for place in places {
      let error = cguest_edu_copy(device, base, base + UInt64(place), Self.length)
      test.expect(error == 0, "DMA to offset \(place): \(unsafe String(cString: strerror(error)))")
    }
    var expected = [UInt8](repeating: 0, count: unsafe bytes.count)
    for place in [0] + places {
      for at in 0..<Self.length { expected[place + at] = Self.pattern(at) }
    }
    if unsafe memcmp(bytes.baseAddress!, expected, expected.count) == 0 { return }
    let wrong = expected.indices.first { unsafe bytes[$0] != expected[$0] } ?? 0
    test.expect(false, "the byte at offset \(wrong) is wrong")
  }

  private static func pattern(_ at: Int) -> UInt8 { UInt8(truncatingIfNeeded: at &* 167 &+ at >> 8) | 1 }
}
