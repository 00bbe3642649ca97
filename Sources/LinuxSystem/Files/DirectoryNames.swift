internal import CLinux
internal import Glibc

/// Calls `body` with each name in an open directory but `.` and `..`, until it says false (readdir(3)). However many there
/// are, they take no memory.
func forEachName(
  in directory: borrowing FileDescriptor, _ body: (UnsafePointer<CChar>) -> Bool
) throws(Errno) {
  // readdir moves what it reads from
  let copy = try FileDescriptor.open(".", .directory, in: directory.number).released()
  guard let stream = unsafe fdopendir(copy) else {
    let error = Errno.current
    close(copy)
    throw error
  }
  defer { unsafe closedir(stream) }
  errno = 0
  while let entry = unsafe readdir(stream) {
    let name = unsafe clinux_entry_name(entry)
    if unsafe !isDot(name) && !body(name) { return }
    errno = 0
  }
  if errno != 0 { throw Errno.current }
}

private func isDot(_ name: UnsafePointer<CChar>) -> Bool {
  unsafe strcmp(name, ".") == 0 || strcmp(name, "..") == 0
}

/// What a symbolic link in a directory says (readlinkat(2)); nil where there is none.
func readLink(_ name: UnsafePointer<CChar>, in directory: borrowing FileDescriptor) -> String? {
  var target = [CChar](repeating: 0, count: Int(PATH_MAX))
  let count = unsafe readlinkat(directory.number, name, &target, target.count)
  if count < 0 { return nil }
  return String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
