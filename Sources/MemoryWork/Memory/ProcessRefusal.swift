public import LinuxSystem

/// Why the memory of a running process cannot be made ready from outside, found before any of it is touched.
public enum ProcessRefusal: Error, Equatable, Sendable {
  /// There is none of that number.
  case missing
  case ended
  /// The number is that of a thread.
  case thread
  case kernelThread
  /// What it has is not for this user to see.
  case denied(Errno)
  /// It has no descriptor for what it maps, and /proc/PID/map_files is not for this user.
  case deniedMapping(String, Errno)
  /// It has memory of its own only, which nobody else can map.
  case nothingShared
  case noDescriptor(Int)
  /// No file is mapped there.
  case noMapping(Range<UInt64>)
  /// What is made in the file is not what it gets.
  case mappedPrivately(String)
  /// The file is on a file system of this kind, which is no memory.
  case noMemory(String)
  /// Nobody can map it to be written any more.
  case sealed(String)
  /// Its pages come from nodes of which this process may have no memory; the second ones are ours.
  case otherNodes(NodeSet, ours: NodeSet)
}

extension RunningProcess {
  /// The one of that number.
  public static func found(_ number: Int) throws(MemoryError) -> Owned<RunningProcess> {
    do throws(Errno) {
      return Owned(try RunningProcess(number))
    } catch {
      switch error {
      case .noProcess: throw MemoryError(.process(number, .missing))
      case .invalid, .noEntry: throw MemoryError(.process(number, .thread))
      default: throw MemoryError(.process(number, .denied(error)))
      }
    }
  }
}

extension MemoryError {
  /// Whether it says that a process has closed the file, or has another one there, since it was looked at.
  public var isOfChangedLink: Bool {
    switch cause {
    case .missing, .replaced, .wrongKind, .noSize, .namedTwice: true
    default: false
    }
  }

  /// Whether this user may not open the file as the work needs it.
  public var isOfRights: Bool {
    guard case .failed(.open, let errno) = cause else { return false }
    return [.access, .permission, .readOnly].contains(errno)
  }
}

extension MemoryFile {
  /// From now on it is a running process's: it keeps its size, and the process what it has once been given. Refused where the link
  /// has come to lead to something else since the process was looked at, and where its pages cannot come from its nodes.
  /// `policies`: where they do.
  public func belong(
    to process: Owned<RunningProcess>, as file: ProcessMemory.File, _ policies: ProcessPolicies?
  ) throws(MemoryError) {
    if identity != .file(device: file.id.device, inode: file.id.inode) { throw MemoryError(.replaced, path: path) }
    owner = process
    ownersName = file.name
    let ofMapping = policies?.at(file.mappedAt)
    // a policy that somebody has set for a mapping on tmpfs is the file's own, which the kernel follows whoever touches it
    ownersPolicy = fileSystem.kind == .hugetlbfs ? ofMapping : policies?.at(nil)
    guard let ours = NodeSet.allowed() else { return }
    for policy in [ofMapping, ownersPolicy] {
      guard let policy, !policy.canBeFollowed(within: ours) else { continue }
      throw MemoryError(.process(process.value.number, .otherNodes(policy.nodes, ours: ours)), path: path)
    }
  }

  /// Has pages come from where they would if the process touched them: no file gets another policy by that.
  func followOwner(_ mapping: Owned<Mapping>) throws(Errno) {
    guard let policy = ownersPolicy else { return }
    if fileSystem.kind == .hugetlbfs {
      return try Memory.setPolicy(mapping.value.address, length, policy.policy, policy.nodes)
    }
    // and its helpers', who take what this thread has
    try Memory.setThreadPolicy(policy.policy, policy.nodes)
  }

  /// What an undo leaves. Whoever runs may write to a page between the look whether it is still zero and the call that takes it:
  /// from a running process nothing is taken.
  var kept: Extents { owner == nil ? present : Extents([0..<length]) }
}
