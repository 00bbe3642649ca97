import LinuxSystem
import MemoryWork

/// Who has what: the words for processes that have a file, or pages of a pool.
extension FilesInUse {
  /// "process 4711 (qemu-system-x86) has it mapped: what is in it would be lost".
  var sentence: String {
    let others =
      paths.count > 1 ? ", and \((paths.count - 1).counted("more FILE")) in use: their content" : ": its content"
    return whoHas + others + " would be lost"
  }

  var whoHas: String {
    let way = isMapped ? "mapped" : "open"
    if users.isEmpty { return "somebody has it open or mapped, and /proc does not name who" }
    return "\(users.text(of: userCount)) \(userCount == 1 ? "has" : "have") it \(way)"
  }

  var remedy: String {
    let who = userCount == 1 ? "that process" : "those processes"
    return "stop \(users.isEmpty ? "whoever has it" : who), or --even-if-open: then its content is lost"
  }
}

extension [FileUser] {
  /// "process 1 (a)", "processes 1 (a), 2 (b), 3 (c) and 4 more".
  func text(of count: Int) -> String {
    let names = map { "\($0.process)" + ($0.name.map { " (\($0.shown))" } ?? "") }.joined(separator: ", ")
    let more = count > self.count ? " and \(count - self.count) more" : ""
    return (count == 1 ? "process " : "processes ") + names + more
  }
}

extension Check {
  /// What goes on all the same.
  var warnings: [String] {
    guard case .alone(let use) = what, let path = use.paths.first else { return [] }
    return ["\(path.shown): \(use.whoHas): what it had in there goes, too"]
  }
}

extension [PoolHolder] {
  /// "; process 4711 (qemu-system-x86) has 8 GiB in /dev/hugepages/vm1".
  var text: String { map { "; " + $0.sentence }.joined() }
}

extension PoolHolder {
  fileprivate var sentence: String {
    if users.isEmpty { return "\(ByteSize.text(bytes)) lie in \(files), which no process has open" }
    return "\(users.text(of: userCount)) \(userCount == 1 ? "has" : "have") \(ByteSize.text(bytes)) in \(files)"
  }

  private var files: String {
    let rest = fileCount > 1 ? " and \((fileCount - 1).counted("other file"))" : ""
    // as the kernel writes it
    let deleted = " (deleted)"
    if !name.hasSuffix(deleted) { return name.shown + rest }
    let earlier = name.dropLast(deleted.count)
    if earlier == "/anon_hugepage" { return "anonymous memory" + rest }
    let isMemfd = earlier.utf8.starts(with: "/memfd:".utf8)
    return String(earlier).shown + (isMemfd ? "" : " (unlinked)") + rest
  }
}
