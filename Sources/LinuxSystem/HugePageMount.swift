internal import CLinux

/// A place where hugetlbfs is mounted (/proc/PID/mountinfo).
public struct HugePageMount: Equatable, Sendable {
  /// The file system's number, as fstat(2) has it.
  public let device: UInt64
  /// Bytes of its pages.
  public let pageSize: Int
  public let path: String

  /// Those that this process sees.
  public static func all(_ files: SystemFiles = SystemFiles()) throws(Unreadable) -> [HugePageMount] {
    mounts(try files.demand("/proc/self/mountinfo"))
  }

  /// Those that any process sees, as far as /proc tells: containers have their own.
  public static func everywhere(_ files: SystemFiles = SystemFiles()) -> [HugePageMount] {
    var spaces = Set<UInt64>()
    var found = (try? all(files)) ?? []
    for process in (try? files.numbers(in: "/proc", after: "")).flatMap({ $0 }) ?? [] {
      guard let space = files.inode("/proc/\(process)/ns/mnt"), spaces.insert(space).inserted else { continue }
      found += mounts(files.text("/proc/\(process)/mountinfo") ?? "")
    }
    return found
  }

  /// The kernel's own, which memfds and anonymous huge pages are files of; nil where it has none.
  public static func hidden(pageSize: Int) -> HugePageMount? {
    do throws(Errno) {
      let device = try FileDescriptor.memory("look", hugePageSize: pageSize).status().device
      return HugePageMount(device: device, pageSize: pageSize, path: "")
    } catch {
      return nil
    }
  }

  /// A line is `36 35 0:42 / /dev/hugepages rw,relatime shared:15 - hugetlbfs none rw,pagesize=2M`.
  private static func mounts(_ text: String) -> [HugePageMount] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard let dash = words.firstIndex(of: "-"), words.count > dash + 3, dash > 4, words[dash + 1] == "hugetlbfs",
        let device = device(words[2]), let size = pageSize(words[dash + 3])
      else { return nil }
      return HugePageMount(device: device, pageSize: size, path: unescaped(words[4]))
    }
  }

  private static func device(_ word: Substring) -> UInt64? {
    let parts = word.split(separator: ":").compactMap { UInt32($0) }
    return parts.count == 2 ? clinux_device(parts[0], parts[1]) : nil
  }

  /// Of `rw,pagesize=2M`; the kernel writes K or M.
  private static func pageSize(_ options: Substring) -> Int? {
    guard let word = options.split(separator: ",").first(where: { $0.hasPrefix("pagesize=") }) else { return nil }
    let shift = word.hasSuffix("M") ? 20 : word.hasSuffix("K") ? 10 : nil
    guard let shift, let number = Int(word.dropFirst("pagesize=".count).dropLast()) else { return nil }
    return number *| (1 << shift)
  }

  /// `\040` is a space.
  private static func unescaped(_ word: Substring) -> String {
    var (bytes, rest) = ([UInt8](), Array(word.utf8)[...])
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3).map { Int($0) - 48 }
      guard byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy((0...7).contains) else {
        bytes.append(byte)
        continue
      }
      bytes.append(UInt8(truncatingIfNeeded: digits[0] << 6 | digits[1] << 3 | digits[2]))
      rest = rest.dropFirst(3)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension HugePageMount {
  /// A file with pages.
  public struct File: Equatable, Sendable {
    public let id: FileID
    public let path: String
    public let allocatedBytes: Int
  }

  /// Calls `body` for each of its files that has pages, whatever directory it is in, until `isStopped`.
  public func forEachFile(isStopped: () -> Bool, _ body: (File) -> Void) {
    var folders = [path]
    while let folder = folders.popLast(), !isStopped() {
      guard let directory = try? FileDescriptor.open(folder, .directory) else { continue }
      try? unsafe forEachName(in: directory) { name in
        var facts = clinux_file_facts()
        let isTold = unsafe clinux_file_facts_at(directory.number, name, false, &facts) == 0
        if isTold && facts.device == device {
          let path = unsafe (folder == "/" ? "" : folder) + "/" + String(cString: name)
          if facts.directory { folders.append(path) }
          let bytes = Int(clamping: facts.allocated)
          let id = FileID(device: facts.device, inode: facts.inode)
          if facts.regular && bytes > 0 { body(File(id: id, path: path, allocatedBytes: bytes)) }
        }
        return !isStopped()
      }
    }
  }
}
