import Glibc
import LinuxSystem

/// The environment that a command gets which takes this process's place. The program's affair: no library changes it.
enum Environment {
  /// Gives a name another value (setenv(3)), or takes it away where that is nil. Before any other thread reads the
  /// environment.
  static func set(_ name: String, _ value: String?) throws(Errno) {
    let result = if let value { unsafe setenv(name, value, 1) } else { unsafe unsetenv(name) }
    if result == -1 { throw Errno(errno) }
  }
}
