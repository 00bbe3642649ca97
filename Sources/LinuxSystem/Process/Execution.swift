internal import CLinux
internal import Glibc

/// Another program in this process's place.
public enum Execution {
  /// Runs a program with its words, the first of which is looked for in PATH unless it has a slash (execvp(3)); comes
  /// back only where that failed.
  public static func replace(by words: [String]) -> Errno {
    let arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
    // no word, or no memory for it
    guard let program = unsafe arguments[0] else { return words.isEmpty ? .noEntry : .noMemory }
    unsafe execvp(program, arguments)
    return .current
  }

  /// Why `replace` would fail, as far as names and rights tell: ENOENT, or EACCES for what is there and cannot be run.
  public static func refusal(of program: String) -> Errno? {
    do throws(Errno) {
      _ = try file(of: program)
      return nil
    } catch {
      return error
    }
  }

  /// The file that `replace` would execute, as far as names and rights tell.
  public static func file(of program: String) throws(Errno) -> String {
    if program.isEmpty { throw .noEntry }
    if program.utf8.contains(UInt8(ascii: "/")) {
      if let errno = refusal(ofFile: program) { throw errno }
      return program
    }
    let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/bin:/usr/bin"
    var found = Errno.noEntry
    for folder in path.split(at: UInt8(ascii: ":"), keepingEmpty: true) {
      let file = "\(folder.isEmpty ? "." : folder)/\(program)"
      guard let errno = refusal(ofFile: file) else { return file }
      if errno == .access { found = errno }
    }
    throw found
  }

  /// The file that this process executes (/proc/self/exe); nil where that is not told.
  public static func ownFile() -> String? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &target, target.count - 1)
    return count > 0 ? String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }

  /// Where names without a slash in front begin (getcwd(3)), which need not be text.
  public static func workingDirectory() throws(Errno) -> [UInt8] {
    var name = [CChar](repeating: 0, count: Int(PATH_MAX))
    if unsafe getcwd(&name, name.count) == nil { throw .current }
    return name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  }

  private static func refusal(ofFile path: String) -> Errno? {
    var raw = stat()
    if unsafe stat(path, &raw) == -1 { return .current }
    if raw.st_mode & S_IFMT == S_IFDIR { return .access }
    return unsafe faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == -1 ? .current : nil
  }
}

extension FileDescriptor {
  /// Lets a program that takes this process's place have it, under the same number (fcntl(2), F_SETFD).
  public func keepOverExecution() throws(Errno) {
    if fcntl(number, F_SETFD, 0) == -1 { throw Errno.current }
  }

  /// Nobody can make it shorter from now on, nor take the seal off (fcntl(2), F_SEAL_SHRINK and F_SEAL_SEAL); of a memfd.
  public func sealAgainstShrinking() throws(Errno) {
    try Errno.check(clinux_seal_shrink(number))
  }
}
