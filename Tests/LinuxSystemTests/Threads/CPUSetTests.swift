import Glibc
import LinuxSystem
import Testing

@Suite("A CPU set")
struct CPUSetTests {
  @Test(
    "reads the kernel's list format and writes it back",
    arguments: [
      ("", []), ("0", [0]), ("0-3", [0, 1, 2, 3]), ("0-1,5", [0, 1, 5]), ("63-65", [63, 64, 65]),
      ("2,4,6", [2, 4, 6]), ("8191", [8191]), ("65535", [65535]),
    ])
  func readsLists(list: String, cpus: [Int]) throws {
    let set = try #require(CPUSet(list: list))
    #expect(Array(set) == cpus)
    #expect(set.description == list)
    #expect(set.count == cpus.count)
    #expect(set.first == cpus.first)
    #expect(set.isEmpty == cpus.isEmpty)
  }

  @Test(
    "writes the shortest list, however it was read",
    arguments: [
      ("3,1,2", "1-3"), ("0-2,2-4", "0-4"), ("5-5", "5"), ("1,1", "1"),
    ])
  func normalises(list: String, shortest: String) {
    #expect(CPUSet(list: list)?.description == shortest)
  }

  @Test(
    "refuses what is no list",
    arguments: [
      ",", "1,", "1,,2", "3-1", "-1", "1-", "1-2-3", "a", "0x1", "1 2", "+1", "65536",
      "0-99999999999999999999",
    ])
  func refuses(list: String) {
    #expect(CPUSet(list: list) == nil)
  }

  @Test(
    "joins, intersects and subtracts",
    arguments: [
      ("0-3", "2-5", "0-5", "2-3", "0-1"), ("0", "64", "0,64", "", "0"), ("0,64", "64", "0,64", "64", "0"),
      ("", "1", "1", "", ""), ("1", "1", "1", "1", ""),
    ])
  func algebra(left: String, right: String, union: String, intersection: String, difference: String) throws {
    let a = try #require(CPUSet(list: left))
    let b = try #require(CPUSet(list: right))
    #expect(a.union(b) == CPUSet(list: union))
    #expect(a.intersection(b) == CPUSet(list: intersection))
    #expect(a.subtracting(b) == CPUSet(list: difference))
  }

  @Test("is equal to a set of the same CPUs, whatever was in it before")
  func equality() {
    var set = CPUSet([1, 200]).subtracting(CPUSet([7, 200]))
    #expect(set == CPUSet([1]))
    #expect(set.hashValue == CPUSet([1]).hashValue)
    set.insert(1)
    #expect(set.count == 1)
    #expect(set.contains(1) && !set.contains(200) && !set.contains(-1) && !set.contains(1 << 20))
  }

  @Test("of the calling thread is what /proc says of it")
  func allowed() throws {
    let status = try #require(SystemFiles().text("/proc/thread-self/status"))
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
    let list = try #require(line.split(separator: "\t").last)
    #expect(try CPUSet.allowed() == CPUSet(list: String(list)))
  }

  @Test("moves the calling thread, and back")
  func apply() async throws {
    let before = try CPUSet.allowed()
    for cpu in before {
      let (moved, seen, after) = try await onOwnThread {
        try CPUSet([cpu]).apply()
        let (moved, seen) = (try CPUSet.allowed(), CPUSet.current())
        try before.apply()
        return (moved, seen, try CPUSet.allowed())
      }
      #expect(moved == CPUSet([cpu]))
      #expect(seen == cpu)
      #expect(after == before)
    }
  }

  @Test("moves no thread when it is empty, or names only CPUs that are not there", arguments: ["", "65000"])
  func applyNothing(list: String) throws {
    let set = try #require(CPUSet(list: list))
    #expect(throws: Errno.invalid) { try set.apply() }
  }

  /// Runs `body` on a thread that ends afterwards, so that nothing else runs, or starts threads, where it moves.
  private func onOwnThread<Answer: Sendable>(
    _ body: @escaping @Sendable () throws -> Answer
  ) async throws -> Answer {
    try await withCheckedThrowingContinuation { continuation in
      let work = Work { continuation.resume(with: Result(catching: body)) }
      var thread = pthread_t()
      let result = unsafe pthread_create(&thread, nil, Work.run, Unmanaged.passRetained(work).toOpaque())
      precondition(result == 0)
      pthread_detach(thread)
    }
  }
}

/// What a thread does, once.
private final class Work: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
    if let context = unsafe context {
      unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
    }
    return nil
  }
}
