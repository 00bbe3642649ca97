@unsafe @preconcurrency import Glibc
import LinuxSystem
import TestSupport
import Testing

@Suite("Openers of a file")
struct OpenersTests {
  /// Whoever has made it is not among those that the kernel counts: a lease would be granted beside him.
  @Test("are not told of one without a name")
  func nameless() throws {
    let memory = try FileDescriptor.memory("vm")
    let again = try FileDescriptor.open("/proc/self/fd/\(memory.number)", [.readWrite, .followLinks])
    let watch = try OpenWatch()
    try watch.add(again)
    for file in [memory.number, again.number] {
      guard case .notTold = FileRange.openers(file) else {
        Issue.record("\(FileRange.openers(file))")
        continue
      }
      #expect(!FileRange.isUntouched(file, watch.number))
    }
  }

  @Test("are told of one that has one, where the file system has leases")
  func named() throws {
    let path = "/dev/shm/ktask-openers-\(getpid())"
    let file = try FileDescriptor.open(path, .createNew, mode: 0o600)
    defer { unsafe unlink(path) }
    #expect(FileRange.openers(file.number) == .onlyThis)
    let other = try FileDescriptor.open(path, .readOnly)
    #expect(FileRange.openers(file.number) == .others)
    withExtendedLifetime(other) {}
  }
}
