internal import CLinux
internal import Glibc

/// A file that a process has open or mapped.
public struct ProcessFile: Sendable, Equatable {
  /// How the process has it.
  public enum Use: Sendable, Equatable {
    case open
    /// A part of it, in bytes; shared, so that what is written goes into the file.
    case mapped(Range<Int>, isShared: Bool)
  }
  public let process: Int
  /// Whether that is this process itself.
  public let isOwn: Bool
  public let id: FileID
  public let use: Use
  /// Bytes of memory or disk behind it; nil: not told.
  public let allocatedBytes: Int?
  /// As the kernel writes it: `/dev/shm/a`, and `/dev/shm/a (deleted)` where it has no name any more.
  public let name: String
}

/// One pass over all processes and the files that they have, as far as /proc tells (proc(5)).
///
/// No file system is asked anything that it could keep the answer to itself of. But a process can keep the kernel from
/// reading its memory map for a while: who must not wait leaves the pass to another thread.
public enum ProcessFiles {
  /// Calls `found` for each file of interest. `isWanted`: by its number in fstat(2), or in a memory map, where some file
  /// systems have another device. nil: all processes of the machine were seen, else the first reason why not.
  public static func visit(
    isStopped: @escaping () -> Bool, isWanted: @escaping (FileID) -> Bool, found: @escaping (ProcessFile) -> Void
  ) -> Unreadable? {
    do throws(Errno) {
      let root = try FileDescriptor.open("/proc", .directory)
      if try root.fileSystem().kind != .proc { throw .noEntry }
      return try Pass(root, isStopped: isStopped, isWanted: isWanted, found: found).run()
    } catch {
      return Unreadable("/proc", error)
    }
  }

  /// What a process is called (`comm`); nil where it has gone.
  public static func name(of process: Int) -> String? { SystemFiles().text("/proc/\(process)/comm") }
}

private final class Pass {
  private let root: FileDescriptor
  private let own: Int?
  private let isStopped: () -> Bool
  private let isWanted: (FileID) -> Bool
  private let found: (ProcessFile) -> Void
  private var unseen: Unreadable?
  private var hasSeenFirst = false

  init(
    _ root: consuming FileDescriptor, isStopped: @escaping () -> Bool, isWanted: @escaping (FileID) -> Bool,
    found: @escaping (ProcessFile) -> Void
  ) {
    self.root = root
    own = ((try? SystemFiles().linkedName("/proc/self")) ?? nil).flatMap { Int($0) }
    self.isStopped = isStopped
    self.isWanted = isWanted
    self.found = found
  }

  func run() throws(Errno) -> Unreadable? {
    try unsafe forEachName(in: root) { name in
      if let process = unsafe Int(String(cString: name)) { visit(process) }
      return !isStopped()
    }
    if isStopped() { return Unreadable("/proc", .timedOut) }
    // others may be in a namespace around this one, or hidden from this user (hidepid)
    let isAll = hasSeenFirst && SystemFiles().inode("/proc/self/ns/pid") == 0xEFFF_FFFC  // PROC_PID_INIT_INO
    return unseen ?? (isAll ? nil : Unreadable("/proc of all processes", .isHidden))
  }

  private func visit(_ process: Int) {
    do throws(Errno) {
      let folder = try FileDescriptor.open("\(process)", [.pathOnly, .directory], in: root.number)
      try descriptors(process, in: folder)
      try mappings(process, in: folder)
      if process == 1 { hasSeenFirst = true }
    } catch {
      // the last two: it has gone meanwhile
      if error != .noEntry && error != .noProcess && unseen == nil { unseen = Unreadable("/proc/\(process)", error) }
    }
  }
}

extension Pass {
  private func descriptors(_ process: Int, in folder: borrowing FileDescriptor) throws(Errno) {
    let list = try FileDescriptor.open("fd", .directory, in: folder.number)
    try unsafe forEachName(in: list) { name in
      var facts = clinux_file_facts()
      if unsafe clinux_file_facts_at(list.number, name, true, &facts) == 0, facts.regular, isWanted(FileID(facts)),
        unsafe Self.isOpen(name, in: folder)
      {
        tell(process, FileID(facts), .open, facts, unsafe readLink(name, in: list) ?? "")
      }
      return !isStopped()
    }
  }

  /// One that only names the file (O_PATH) has nothing to do with its content.
  private static func isOpen(_ number: UnsafePointer<CChar>, in folder: borrowing FileDescriptor) -> Bool {
    guard let list = try? FileDescriptor.open("fdinfo", [.pathOnly, .directory], in: folder.number) else { return true }
    var flags: Int32 = 0
    if unsafe clinux_open_flags_at(list.number, number, &flags) != 0 { return true }
    return flags & FileDescriptor.Access.pathOnly.rawValue == 0
  }

  private func mappings(_ process: Int, in folder: borrowing FileDescriptor) throws(Errno) {
    // a file is often mapped in many pieces, one after the other
    var last: (id: FileID, name: String, facts: clinux_file_facts?)?
    try forEachMapping(in: folder) { mapping, name in
      let seen = FileID(device: mapping.device, inode: mapping.inode)
      if mapping.inode != 0 && isWanted(seen) {
        let name = name()
        let isSame = last.map { $0.id == seen && isSameName($0.name, name) } ?? false
        if !isSame { last = (seen, name, facts(of: mapping, in: folder)) }
        let facts = last?.facts
        let start = Int(clamping: mapping.offset)
        let bytes = Int(clamping: mapping.end &- mapping.start)
        let use = ProcessFile.Use.mapped(start..<start +| bytes, isShared: mapping.shared)
        tell(process, facts.map { FileID($0) } ?? seen, use, facts, name)
      }
      return !isStopped()
    }
  }

  /// Only root may ask for more than the memory map says.
  private func facts(of mapping: clinux_mapping, in folder: borrowing FileDescriptor) -> clinux_file_facts? {
    var facts = clinux_file_facts()
    let range = String(mapping.start, radix: 16) + "-" + String(mapping.end, radix: 16)
    return unsafe clinux_file_facts_at(folder.number, "map_files/\(range)", true, &facts) == 0 ? facts : nil
  }

  private func tell(
    _ process: Int, _ id: FileID, _ use: ProcessFile.Use, _ facts: clinux_file_facts?, _ name: String
  ) {
    found(
      ProcessFile(
        process: process, isOwn: process == own, id: id, use: use,
        allocatedBytes: facts.map { Int(clamping: $0.allocated) }, name: name))
  }
}

extension FileID {
  fileprivate init(_ facts: clinux_file_facts) { self.init(device: facts.device, inode: facts.inode) }
}
