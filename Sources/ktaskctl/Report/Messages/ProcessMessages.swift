import LinuxSystem
import MemoryWork

extension ProcessRefusal {
  /// Why its memory cannot be made ready.
  var sentence: String {
    switch self {
    case .missing: "there is no such process"
    case .ended: "has ended"
    case .thread: "is a thread of a process, and no process"
    case .kernelThread: "is a thread of the kernel, which has no memory of its own"
    case .denied(let errno): "what memory it has cannot be seen: \(errno.sentence)"
    case .deniedMapping(let name, let errno):
      "maps \(name.shown) and has no descriptor for it, and its map_files cannot be used: \(errno.sentence)"
    case .nothingShared: "shares no memory, and private memory is out of others' reach"
    case .noDescriptor(let number): "has no descriptor \(number)"
    case .noMapping(let addresses):
      "maps no file at \(addresses.asHex), and private memory is out of others' reach"
    case .mappedPrivately(let name):
      "maps \(name.shown) privately: its memory is copies of its own, which are out of others' reach"
    case .noMemory(let fileSystem): "lies on \(fileSystem), and is no memory that a process shares"
    case .sealed(let name): "\(name.shown) is sealed: nobody can map it to be written any more"
    case .otherNodes(let nodes, let ours):
      "its process has pages come from \(NodeMessages.text(nodes)); this process may have memory of \(NodeMessages.text(ours))"
    }
  }

  /// `number`: the process's; `path`: the link to what was refused.
  func remedy(_ number: Int, _ path: String?, in here: Surroundings) -> String? {
    switch self {
    case .missing, .ended, .kernelThread, .sealed: nil
    case .thread: "the number of its process: grep Tgid /proc/\(number)/status"
    case .denied(.noSystemCall), .denied(.notSupported): here.allowing(["pidfd_open"])
    case .denied: here.isRoot ? "where CAP_SYS_PTRACE is held" : "as root, or as the user that it runs as"
    case .deniedMapping:
      (here.isRoot ? "where CAP_CHECKPOINT_RESTORE is held" : "as root")
        + ", or with --fd N where it has a descriptor: ls -l /proc/\(number)/fd"
    case .nothingShared, .mappedPrivately:
      "start it with shared memory: of QEMU, a memory backend with share=on and prealloc=off"
    case .noDescriptor: "ls -l /proc/\(number)/fd"
    case .noMapping: "cat /proc/\(number)/maps"
    case .otherNodes: "in a cpuset with those nodes: that of process \(number), for one"
    case .noMemory: path.map { "ktaskctl prefault \(quotedFile($0))" }
    }
  }
}

extension Range<UInt64> {
  /// As /proc/PID/maps has it.
  var asHex: String { String(lowerBound, radix: 16) + "-" + String(upperBound, radix: 16) }
}
