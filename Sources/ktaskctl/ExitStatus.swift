import LinuxSystem
import MemoryWork

/// The program's exit statuses; scripts rely on them.
enum ExitStatus: Hashable, Sendable {
  case done, failed
  /// `verify`: not as demanded.
  case notAsDemanded
  case shortage, permission, hardwareMemory, timedOut, busy, notSupported, usage
  /// COMMAND of `exec` cannot be run, or is not there, as env(1) says it.
  case cannotRun, notFound
  /// Ended by a signal, after the undo.
  case signal(Int32)

  /// As the shell has it.
  var number: Int32 {
    switch self {
    case .done: 0
    case .failed: 1
    case .notAsDemanded: 2
    case .shortage: 3
    case .permission: 4
    case .hardwareMemory: 5
    case .timedOut: 6
    case .busy: 7
    case .notSupported: 8
    case .usage: 64
    case .cannotRun: 126
    case .notFound: 127
    case .signal(let number): 128 + number
    }
  }

  /// The usual cause as one word for programs.
  var code: String {
    switch self {
    case .done: "done"
    case .failed: "failed"
    case .notAsDemanded: "not-as-demanded"
    case .shortage: "no-memory"
    case .permission: "permission"
    case .hardwareMemory: "hardware-memory-error"
    case .timedOut: "timed-out"
    case .busy: "busy"
    case .notSupported: "not-supported"
    case .usage: "usage"
    case .cannotRun: "command-not-run"
    case .notFound: "command-not-found"
    case .signal: "signal"
    }
  }

  /// Says that nothing was touched, or that nothing is left.
  var promisesNothing: Bool {
    switch self {
    case .busy, .notSupported, .usage, .cannotRun, .notFound: true
    case .done, .failed, .notAsDemanded, .shortage, .permission, .hardwareMemory, .timedOut, .signal: false
    }
  }
}

extension MemoryError {
  var exitStatus: ExitStatus { leavesChanges && causesStatus.promisesNothing ? .failed : causesStatus }

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
    case .noStock(let refusal): refusal.exitStatus
    case .process(_, let refusal): refusal.exitStatus
    case .missing, .notZero, .notResident, .unknownResidency, .notAllocated, .notLocked, .notPinned, .wrongNode,
      .notReleased, .notGivenBack, .replaced, .cut,
      .cancelled:
      .failed
    }
  }

  /// The cause as one word for programs.
  var code: String {
    switch exitStatus {
    case .shortage where isAboutSpace: "no-space"
    case .permission where isAboutLimit: "resource-limit"
    case let status: status.code
    }
  }

  private var isAboutSpace: Bool {
    if case .short(let check) = cause, case .space = check.what { return true }
    return errno == .noSpace || errno == .quota
  }

  private var isAboutLimit: Bool {
    if case .short(let check) = cause { return check.what.isLimit }
    if case .noPin(.ringLimit) = cause { return true }
    return errno == .noMemory || errno == .fileTooBig
  }

  /// What the kernel does not tell it does not have for this program.
  private static func exitStatus(_ unread: Unreadable) -> ExitStatus {
    guard let errno = unread.errno else { return .notSupported }
    if [.tooManyFilesInAll, .noMemory].contains(errno) { return .shortage }
    return [.permission, .access, .tooManyFiles].contains(errno) ? .permission : .notSupported
  }

  private static func exitStatus(_ operation: Operation, _ errno: Errno) -> ExitStatus {
    switch errno {
    case .noMemory where operation.pins: .permission
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

extension MemoryError.Operation {
  /// What pins memory: ENOMEM then means the limit for locked memory, not that there is no memory.
  var pins: Bool { [.pin, .register, .mapForDevices].contains(self) }
}

extension StockRefusal {
  fileprivate var exitStatus: ExitStatus {
    switch self {
    case .othersMayWrite, .othersOwn: .permission
    case .otherMount, .otherNames: .notSupported
    case .noneReady: .notAsDemanded
    }
  }
}

extension PinRefusal {
  var exitStatus: ExitStatus {
    switch self {
    case .ringLimit, .ringsDisabled, .ringsFiltered, .rings(.tooManyFiles), .tooManyBuffers: .permission
    case .rings(.noMemory): .shortage
    case .mapSize, .addressUnaligned: .usage
    case .openElsewhere: .busy
    case .rings, .noIOMMU, .noDriver, .noGroup, .noDevice, .notBound, .notViable, .noInterruptRemapping, .addresses:
      .notSupported
    }
  }
}

extension ProcessRefusal {
  var exitStatus: ExitStatus {
    switch self {
    case .missing, .ended, .noDescriptor, .noMapping: .failed
    case .denied(.noSystemCall), .denied(.notSupported): .notSupported
    case .denied, .deniedMapping: .permission
    case .thread, .kernelThread, .nothingShared, .mappedPrivately, .noMemory, .sealed, .otherNodes: .notSupported
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
