import LinuxSystem
import MemoryWork

/// The program's exit statuses; scripts rely on them.
enum ExitStatus: Int32 {
  case done = 0
  case failed = 1
  /// `verify`: not as demanded.
  case notAsDemanded = 2
  case shortage = 3
  case permission = 4
  case hardwareMemory = 5
  case timedOut = 6
  case busy = 7
  case notSupported = 8
  case usage = 64

  /// Ended by a signal, after the undo.
  static func signal(_ number: Int32) -> Int32 { 128 + number }
}

extension MemoryError {
  var exitStatus: ExitStatus {
    let status = causesStatus
    // these promise that nothing was touched
    return leavesChanges && [.busy, .notSupported, .usage].contains(status) ? .failed : status
  }

  private var causesStatus: ExitStatus {
    switch cause {
    case .short(let check): check.what.exitStatus
    case .failed(let operation, let errno): Self.exitStatus(operation, errno)
    case .wrongKind, .wrongFileSystem, .wrongPageSize, .noSuchPageSize, .noMethod: .notSupported
    case .transparentOff, .transparentOffForProcess, .noSuchNodes, .noNodes, .noPlacement: .notSupported
    case .unread(let unread): Self.exitStatus(unread)
    case .busy: .busy
    case .noSize, .beyondEnd, .namedTwice, .hasPages: .usage
    case .notAsDemanded: .notAsDemanded
    case .poolShort: .shortage
    case .noPin(let refusal): refusal.exitStatus
    case .missing, .notZero, .notResident, .unknownResidency, .notAllocated, .notLocked, .notPinned, .wrongNode,
      .notReleased, .notGivenBack, .replaced,
      .cancelled:
      .failed
    }
  }

  /// What the kernel does not tell it does not have for this program.
  private static func exitStatus(_ unread: Unreadable) -> ExitStatus {
    guard let errno = unread.errno else { return .notSupported }
    if [.tooManyFilesInAll, .noMemory].contains(errno) { return .shortage }
    return [.permission, .access, .tooManyFiles].contains(errno) ? .permission : .notSupported
  }

  private static func exitStatus(_ operation: Operation, _ errno: Errno) -> ExitStatus {
    switch errno {
    case .noMemory where [.pin, .register, .mapForDevices].contains(operation): .permission
    case .noSpace where operation == .mapForDevices: .permission
    case .busy: .busy
    case .noMemory, .fault, .noSpace, .quota: .shortage
    case .permission, .access, .readOnly, .textBusy, .fileTooBig, .tooManyFiles: .permission
    case .poisoned: .hardwareMemory
    case .notSupported, .noSystemCall, .invalid, .noDevice: .notSupported
    default: .failed
    }
  }
}

extension Check.What {
  fileprivate var exitStatus: ExitStatus {
    if case .alone = self { return .busy }
    return isLimit ? .permission : .shortage
  }

  /// A limit set on the process, not something that has run out.
  var isLimit: Bool {
    switch self {
    case .lockLimit, .fileSizeLimit, .addressSpaceLimit, .dataLimit, .pieces: true
    case .memory, .cgroupMemory, .hugePages, .cgroupHugePages, .nodeMemory, .nodeHugePages, .space, .commitLimit,
      .alone:
      false
    }
  }
}
