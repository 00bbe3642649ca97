import Testing

@testable import LinuxSystem

/// Looking for a byte that is not zero, with each kind of vector that this CPU has.
@Suite("The first byte that is not zero")
struct FirstNonZeroTests {
  /// Room for some megabytes at any alignment.
  private static func withBytes(_ count: Int, _ body: (UnsafeMutablePointer<UInt8>) throws -> Void) throws {
    try Memory.catchBusErrors()
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
    unsafe bytes.initialize(repeating: 0, count: count)
    try unsafe body(bytes)
    unsafe bytes.deallocate()
  }

  private static func found(_ bytes: UnsafeMutablePointer<UInt8>, _ length: Int, _ vector: Int) throws -> Int? {
    try Memory.firstNonZero(UInt(bitPattern: bytes), length, vector: vector)
  }

  @Test("is found wherever it is, in lengths and at addresses of every kind", arguments: Memory.vectors + [0])
  func small(vector: Int) throws {
    try unsafe Self.withBytes(700) { bytes in
      for length in [0, 1, 7, 8, 63, 64, 255, 256, 257, 300, 511, 512, 690] {
        for shift in [0, 1, 7] {
          let start = unsafe bytes + shift
          let found = try unsafe Self.found(start, length, vector)
          #expect(found == nil)
          for place in stride(from: 0, to: length, by: 1 + length / 60) {
            unsafe start[place] = 1
            // not the first
            unsafe start[length - 1] = 0x80
            let found = try unsafe Self.found(start, length, vector)
            #expect(found == place, "\(length), \(shift)")
            unsafe start[place] = 0
            unsafe start[length - 1] = 0
          }
        }
      }
    }
  }

  @Test("is found at the borders of what is read at a time, and not beyond the end", arguments: Memory.vectors + [0])
  func large(vector: Int) throws {
    let length = 9 << 20 | 13
    try unsafe Self.withBytes(length + 16) { bytes in
      let start = unsafe bytes + 7
      unsafe (bytes[6], start[length]) = (1, 1)
      let found = try unsafe Self.found(start, length, vector)
      #expect(found == nil)
      for place in [
        0, 63, 64, 1 << 20 - 1, 1 << 20, 2 << 20 + 5, 4 << 20 - 1, 4 << 20, 8 << 20 - 1, 8 << 20, length - 14,
        length - 1,
      ] {
        unsafe start[place] = 0x40
        let found = try unsafe Self.found(start, length, vector)
        #expect(found == place)
        unsafe start[place] = 0
      }
    }
  }

  @Test("is looked for with the widest vectors that there are, which are at least 16 bytes")
  func vectors() { #expect(Memory.vectors.first == 16 && Memory.vectors.last == Int(Memory.vectors.max() ?? 0)) }
}
