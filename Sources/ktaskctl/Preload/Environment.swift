import Glibc
import LinuxSystem

/// The environment that a command gets which takes this process's place. The program's affair: no library changes it.
enum Environment {
  /// A value as it is: names of files in it need not be text.
  static func bytes(_ name: String) -> [UInt8]? {
    unsafe getenv(name).map { value in
      unsafe UnsafeBufferPointer(start: value, count: strlen(value)).map { UInt8(bitPattern: $0) }
    }
  }

  /// Gives a name another value (setenv(3)), or takes it away where that is nil. Before any other thread reads the
  /// environment.
  static func set(_ name: String, _ value: [UInt8]?) throws(Errno) {
    let text = value.map { $0.map { CChar(bitPattern: $0) } + [0] }
    let result = if let text { unsafe setenv(name, text, 1) } else { unsafe unsetenv(name) }
    if result == -1 { throw Errno(errno) }
  }
}
