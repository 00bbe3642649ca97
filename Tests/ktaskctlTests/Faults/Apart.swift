import Foundation
@unsafe @preconcurrency import Glibc
import LinuxSystem

/// Runs `body` on so many threads, each in a mount namespace of its own: the programs that it starts there count helpers in a
/// /run/ktask of their own, so that none has fewer because of the others. What each has thrown.
func apart(_ threads: Int, _ body: @escaping @Sendable () throws -> Void) -> [any Error] {
  let thrown = Errors()
  let ended = DispatchGroup()
  for _ in 0..<threads {
    ended.enter()
    Thread {
      do {
        try leaveMounts()
        try body()
      } catch {
        thrown.add(error)
      }
      ended.leave()
    }.start()
  }
  ended.wait()
  return thrown.all
}

private final class Errors: Sendable {
  private let list = Guarded<[any Error]>([])
  var all: [any Error] { list.withLock { $0 } }
  func add(_ error: any Error) { list.withLock { $0.append(error) } }
}

/// Of this thread alone (unshare(2)), which has a working directory of its own then, too.
private func leaveMounts() throws {
  typealias Unshare = @convention(c) (Int32) -> Int32
  let newMounts: Int32 = 0x2_0000
  let unshare = unsafe unsafeBitCast(dlsym(nil, "unshare"), to: Unshare?.self)
  if unshare?(newMounts) != 0 { throw Failure("no mount namespace: errno \(errno)") }
  try tool("mount", "--make-rprivate", "/")
  try tool("mkdir", "-p", "/run/ktask")
  try tool("mount", "-t", "tmpfs", "-o", "mode=0755", "none", "/run/ktask")
}
