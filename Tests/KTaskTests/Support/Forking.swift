import Glibc
import LinuxSystem
import Testing

/// fork(2), which Swift hides.
func forked() throws -> pid_t {
  typealias Fork = @convention(c) () -> pid_t
  let symbol = unsafe dlsym(nil, "fork")
  let fork = unsafe unsafeBitCast(symbol, to: Fork?.self)
  guard let fork else { throw Errno(ENOSYS) }
  return fork()
}

/// What `body`, run in a forked child, returns. A child that hangs is ended.
func exitStatus(_ body: () -> Int32) throws -> Int32 {
  let child = try forked()
  if child == 0 { _exit(body()) }
  var status: Int32 = 0
  var ended: pid_t = 0
  let hasEnded = waitUntil {
    ended = unsafe waitpid(child, &status, WNOHANG)
    return ended != 0
  }
  if !hasEnded {
    kill(child, SIGKILL)
    ended = unsafe waitpid(child, &status, 0)
  }
  try #require(hasEnded && ended == child)
  return status & 0x7F == 0 ? status >> 8 : -status
}
