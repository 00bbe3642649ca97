internal import CLinux
internal import Glibc

/// A part of a process's address space that has a file behind it, shared anonymous memory included (proc(5), maps).
public struct ProcessMapping: Sendable, Equatable {
  public let addresses: Range<UInt64>
  /// What is written to it is seen by whoever has the file.
  public let isShared: Bool
  public let id: FileID
  /// As the kernel writes it: `/dev/shm/a`, `/memfd:a (deleted)`.
  public let name: String

  /// Where /proc/PID has the file, for who may use it.
  public var link: String {
    "map_files/" + String(addresses.lowerBound, radix: 16) + "-" + String(addresses.upperBound, radix: 16)
  }

  /// Those of the process whose /proc/PID is open here, with a file behind them. EACCES: another user's.
  static func all(in folder: borrowing FileDescriptor) throws(Errno) -> [ProcessMapping] {
    var list: [ProcessMapping] = []
    try forEachMapping(in: folder) { mapping, name in
      if mapping.inode != 0 && mapping.start <= mapping.end {
        list.append(
          ProcessMapping(
            addresses: mapping.start..<mapping.end, isShared: mapping.shared,
            id: FileID(device: mapping.device, inode: mapping.inode), name: name()))
      }
      return true
    }
    return list
  }
}

/// Calls `body` with each mapping as the kernel hands them out, in pieces, until it says false: a process may have very many.
func forEachMapping(
  in folder: borrowing FileDescriptor, _ body: (clinux_mapping, _ name: () -> String) -> Bool
) throws(Errno) {
  let file = try FileDescriptor.open("maps", .readOnly, in: folder.number)
  let room = 64 << 10
  let text = UnsafeMutablePointer<CChar>.allocate(capacity: room)
  defer { unsafe text.deallocate() }
  var length = 0
  while true {
    let count = unsafe read(file.number, text + length, room - length)
    if count == 0 { return }
    if count == -1 && Errno.current == .interrupted { continue }
    if count == -1 { throw Errno.current }
    length += count
    var (at, mapping) = (0, clinux_mapping())
    while unsafe clinux_next_mapping(text, length, &at, &mapping) {
      let name = unsafe UnsafeRawBufferPointer(start: text + mapping.path, count: mapping.path_length)
      if !body(mapping, { unsafe String(decoding: name, as: UTF8.self) }) { return }
    }
    // a line that is longer than all the room is none of the kernel's
    if at == 0 && length == room { at = length }
    length -= at
    unsafe text.update(from: text + at, count: length)
  }
}

extension ProcessFiles {
  /// The files that a process has: the numbers of its descriptors, ascending, and its mappings of files. EACCES: another
  /// user's; ESRCH or ENOENT: it has gone.
  public static func of(_ process: borrowing RunningProcess) throws(Errno) -> (
    descriptors: [Int], mappings: [ProcessMapping]
  ) {
    let folder = try FileDescriptor.open(process.folder, [.pathOnly, .directory])
    let list = try FileDescriptor.open("fd", .directory, in: folder.number)
    var numbers: [Int] = []
    try unsafe forEachName(in: list) { name in
      if let number = unsafe Int(String(cString: name)) { numbers.append(number) }
      return true
    }
    return (numbers.sorted(), try ProcessMapping.all(in: folder))
  }
}
