import LinuxSystem
import Testing

@testable import MemoryWork

/// Where devices see memory, on made-up IOMMUs.
@Suite("Addresses for devices")
struct AddressPlanTests {
  static let gib = 1 << 30
  /// 39 bits without the window for interrupts, as Intel's have it.
  static let intel = DeviceAddressSpace(
    ranges: [.init(first: 0, last: 0xfedf_ffff), .init(first: 0xfef0_0000, last: 0x7f_ffff_ffff)], pageSize: 4096,
    mappingsLeft: 65535)

  @Test(
    "The lowest place with room is taken, at a multiple of the pages' size",
    arguments: [
      (1 * gib, 4096, 0), (3 * gib, 2 << 20, 0), (4 * gib, 2 << 20, 0xff00_0000), (4 * gib, gib, 0x1_0000_0000),
      (0xfee0_0000, 4096, 0), (0xfee0_1000, 4096, 0xfef0_0000),
    ] as [(Int, Int, UInt64)])
  func lowest(bytes: Int, alignment: Int, base: UInt64) throws {
    #expect(try AddressPlan(nil, bytes: bytes, alignment: alignment, within: [Self.intel]).base == base)
  }

  @Test("More than one piece has room for is refused")
  func tooLarge() {
    #expect(throws: PinRefusal.addresses(nil, 512 * Self.gib, usable: Self.intel.ranges)) {
      try AddressPlan(nil, bytes: 512 * Self.gib, alignment: 4096, within: [Self.intel])
    }
  }

  @Test(
    "An address that is asked for must have room behind it",
    arguments: [
      (0, true), (0xfeb0_0000, false), (0xfea0_0000, true), (0xfee0_0000, false), (0xfef0_0000, true),
      (0x7f_ffc0_0000, true), (0x7f_ffd0_0000, false), (0x80_0000_0000, false), (.max - 4095, false),
    ] as [(UInt64, Bool)])
  func wanted(base: UInt64, hasRoom: Bool) {
    if hasRoom {
      #expect((try? AddressPlan(base, bytes: 4 << 20, alignment: 4096, within: [Self.intel]))?.base == base)
    } else {
      #expect(throws: PinRefusal.addresses(base, 4 << 20, usable: Self.intel.ranges)) {
        try AddressPlan(base, bytes: 4 << 20, alignment: 4096, within: [Self.intel])
      }
    }
  }

  @Test("An address in the middle of a page is refused")
  func unaligned() {
    #expect(throws: PinRefusal.addressUnaligned(100, page: 4096)) {
      try AddressPlan(100, bytes: 4096, alignment: 4096, within: [Self.intel])
    }
  }

  @Test("Several containers have in common what each of them has")
  func common() {
    let other = [DeviceAddresses(first: 0x1000, last: 0xffff_ffff)]
    #expect(
      AddressPlan.common([Self.intel.ranges, other]) == [
        .init(first: 0x1000, last: 0xfedf_ffff), .init(first: 0xfef0_0000, last: 0xffff_ffff),
      ])
    #expect(AddressPlan.common([[], other]) == other, "one that does not tell has everything")
  }

  @Test(
    "Pieces are made larger where there would be too many, and sizes that are asked for are not cut",
    arguments: [
      (1 << 30, nil, 65535, 131_072), (1 << 40, nil, 65535, 128 << 20), (1 << 30, nil, 1000, 1_073_742),
      (1 << 30, nil, nil, 131_072), (1 << 30, 4096, 65535, 4096), (5, nil, 10, 1), (1 << 40, 1 << 30, nil, 128 << 20),
    ] as [(Int, Int?, Int?, Int)])
  func least(bytes: Int, mapSize: Int?, most: Int?, least: Int) {
    #expect(leastPinnedChunk(bytes, mapSize: mapSize, most: most) == least)
  }

  @Test(
    "A chunk's last piece may be short, and so may a part's, and no other is",
    arguments: [
      // 64 MiB in chunks of 8 KiB or more: no chunk needs a second one
      ([64 << 20], 1 << 30, 8192, 8192), ([64 << 20, 5], 1 << 30, 8192, 8193), ([0], 4096, 4096, 0),
      // pieces that divide chunks
      ([64 << 20], 4096, 8192, 16384), ([10 << 20, 10 << 20], 1 << 20, 4 << 20, 20),
      // pieces of 3 in chunks of 4 or more
      ([12], 3, 4, 7),
      // 8 KiB at most, in parts of an odd number of pages: one more than all of it in one part
      ([268_431_360, 268_431_360], 8192, 8192, 65536), ([536_862_720], 8192, 8192, 65535),
    ] as [([Int], Int, Int, Int)])
  func pieces(parts: [Int], largest: Int, alignment: Int, count: Int) {
    #expect(pinPieces(parts, largest: largest, alignment: alignment) == count)
  }
}

@Suite("Rings for buffers")
struct RingLayoutTests {
  @Test(
    "A ring for each buffer and each CPU, until there are enough",
    arguments: [
      (1 << 30, 1 << 30, 2, 960, 8), (4 << 20, 1 << 30, 2, 960, 2), (1 << 40, 1 << 30, 64, 960, 512),
      (1 << 40, 1 << 30, 64, 3, 3), (4096, 4096, 4, 960, 4), (64 << 20, 1 << 20, 2, 960, 64),
    ] as [(Int, Int, Int, Int, Int)])
  func rings(bytes: Int, largest: Int, cpus: Int, most: Int, rings: Int) {
    #expect(RingLayout.rings(bytes, largest: largest, cpus: cpus, most: most) == rings)
  }

  @Test(
    "A page that buffers cut is locked once for each ring that has a part of it: measured on Linux 6.18",
    arguments: [
      (4, 1024, 512, 2048), (64, 64, 64, 128), (1024, 4, 4, 8), (2048, 2, 2, 4), (1 << 20, 1, 2, 4), (4, 1024, 2, 8),
      (4, 1024, 1, 4),
    ] as [(Int, Int, Int, Int)])
  func locked(kibibytes: Int, buffers: Int, rings: Int, mebibytes: Int) {
    func locked(_ bytes: Int, page: Int) -> Int {
      RingLayout.lockedBytes(bytes, buffers: buffers, largest: kibibytes << 10, page: page, rings: rings)
    }
    let (four, huge, expected) = (4 << 20, 2 << 20, mebibytes << 20)
    #expect(locked(four, page: huge) == expected)
    #expect(locked(four + 4096, page: huge) == expected + 4096, "what is beside whole pages comes in base pages")
    #expect(locked(four, page: 4096) == four && locked(huge / 2, page: huge) == huge / 2)
  }

  @Test("Places are shared out, and rings have no more than the kernel allows")
  func places() {
    #expect(RingLayout(buffers: 1000, rings: 512)?.places == 2)
    #expect(RingLayout(buffers: 1, rings: 8)?.places == 1)
    #expect(RingLayout(buffers: 3 * BufferRing.mostPlaces, rings: 3)?.places == BufferRing.mostPlaces)
    #expect(RingLayout(buffers: 3 * BufferRing.mostPlaces + 1, rings: 3) == nil)
  }
}
