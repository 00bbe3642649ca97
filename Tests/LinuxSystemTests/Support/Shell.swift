import Glibc
import LinuxSystem

/// What `command` prints, run by a shell.
func output(of command: String) throws -> String {
  guard let stream = unsafe popen(command, "r") else { throw Errno(errno) }
  defer { unsafe pclose(stream) }
  var bytes: [UInt8] = []
  while case let byte = unsafe getc(stream), byte != EOF { bytes.append(UInt8(byte)) }
  return String(decoding: bytes, as: UTF8.self)
}
