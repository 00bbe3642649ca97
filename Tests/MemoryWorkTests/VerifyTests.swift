import Glibc
import KTask
import LinuxSystem
import Testing

@testable import MemoryWork

/// That a success is proved, and that the proof can fail.
@Suite("Verification", .serialized)
struct VerifyTests {
  static let mib = 1 << 20

  /// The kernel's patch left the last 4 KiB of every chunk uncleared: each such byte must be found.
  @Test(
    "A byte left at the end of a chunk, or anywhere, is found", arguments: [0, 1, 4095, 4 * 1_048_576 - 1, 7_777_777])
  func leftover(offset: Int) throws {
    let memory = try MappedPieces([AnonymousMemory(bytes: 16 * Self.mib, page: .base)], Recipe())
    try Memory.catchBusErrors()
    let address = unsafe memory.table.regions[0].address
    unsafe UnsafeMutableRawPointer(bitPattern: address)!.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
    var control = TaskControl(minimumChunk: 4 * Self.mib)
    control.maximumChunk = 4 * Self.mib
    let error = #expect(throws: MemoryError.self) {
      try memory.verifyZero(control, nil)
    }
    #expect(error?.cause == .notZero)
    #expect(error?.offset == offset)
  }

  @Test("Memory that is not resident is not taken for it")
  func notResident() throws {
    let memory = try MappedPieces([AnonymousMemory(bytes: 16 * Self.mib, page: .base)], Recipe())
    try Memory.populate(unsafe memory.table.regions[0].address, 15 * Self.mib)
    let control = TaskControl.memory(minimumChunk: Self.mib, alignment: 4096)
    let error = #expect(throws: MemoryError.self) {
      try memory.verifyResident(control, nil)
    }
    #expect(error?.cause == .notResident(bytes: Self.mib))
  }

  @Test("Anonymous memory is cleared and resident by both methods", arguments: [Method.populate, .touch])
  func clear(method: Method) throws {
    try Memory.catchBusErrors()
    let job = try ClearAnonymousJob([AnonymousMemory(bytes: 32 * Self.mib, page: .base)], method: method)
    let prepared = try job.prepare()
    let control = job.control(minimumChunk: 4 * Self.mib, threads: .exactly(2))
    let run = try prepared.run(control, nil)
    #expect(run.end == .finished)
    #expect(run.threads.map(\.bytes).reduce(0, +) == 32 * Self.mib)
    let found = try prepared.verify(control, nil)
    #expect(found.isZero == true)
    #expect(found.residentBytes == 32 * Self.mib)
    #expect(found.pageSize == 4096)
    #expect(found.bytesByNode.values.reduce(0, +) == 32 * Self.mib)
  }

  @Test("Every store clears every byte of ragged ranges, and none beside them", arguments: Memory.Store.allCases)
  func stores(store: Memory.Store) throws {
    try Memory.catchBusErrors()
    let room = 1 << 16
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 4096)
    defer { unsafe bytes.deallocate() }
    for (from, length) in [(0, room), (1, 1), (63, 255), (7, 4099), (4096, 8192), (255, 257), (300, 0)] {
      unsafe memset(bytes, 0xAA, room)
      try Memory.clear(UInt(bitPattern: bytes) + UInt(from), length, store)
      for index in 0..<room {
        let value = unsafe bytes.load(fromByteOffset: index, as: UInt8.self)
        let isInside = index >= from && index < from + length
        if value != (isInside ? 0 : 0xAA) { Issue.record("byte \(index) of \(from), \(length) is \(value)") }
      }
    }
  }

  @Test("Clearing a file zeroes it, fills its holes and keeps its size")
  func clearFile() throws {
    try Memory.catchBusErrors()
    let directory = try ScratchDirectory()
    let path = directory.file("a")
    try write(9, to: path, 3 * Self.mib..<5 * Self.mib)
    ftruncateFile(path, 12 * Self.mib)
    let job = try ClearFileJob(MemoryFile.open([path], size: nil, creating: false), method: nil)
    let prepared = try job.prepare()
    let control = job.control(minimumChunk: 2 * Self.mib, threads: .automatic)
    #expect(try prepared.run(control, nil).end == .finished)
    let found = try prepared.verify(control, nil)
    #expect(found.isZero == true)
    #expect(found.residentBytes == 12 * Self.mib)
    #expect(try allocatedBytes(path) == 12 * Self.mib)
    #expect(try byte(of: path, at: 4 * Self.mib) == 0)
  }

  @Test("Touching memory behind the end of a file is an error, not a death")
  func busError() throws {
    try Memory.catchBusErrors()
    let file = try FileDescriptor.memory("short")
    try file.resize(to: 4096)
    let mapping = try Mapping.shared(file, 3 * 4096)
    #expect(throws: Errno.fault) { try Memory.touch(mapping.address, mapping.length, stride: 4096) }
    #expect(throws: Errno.fault) { try Memory.clear(mapping.address, mapping.length, .memset) }
    #expect(throws: Errno.fault) { _ = try Memory.firstNonZero(mapping.address, mapping.length) }
    try Memory.touch(mapping.address, 4096, stride: 4096)
  }

  private func ftruncateFile(_ path: String, _ size: Int) { unsafe #expect(truncate(path, size) == 0) }
}
