import LinuxSystem
import MemoryWork

extension PinRefusal {
  var exitStatus: ExitStatus {
    switch self {
    case .rings(.permission): .permission
    case .rings, .tooManyBuffers: .notSupported
    }
  }

  /// Why it cannot pin.
  var sentence: String {
    switch self {
    case .rings(.permission): "the kernel's settings forbid it (EPERM)"
    case .rings(let errno): "a ring with registered buffers cannot be made: \(errno.description) (\(errno.name))"
    case .tooManyBuffers(let count): "\(count) buffers are more than its rings have places for"
    }
  }

  var remedy: String? {
    switch self {
    case .rings(.permission): "sysctl kernel.io_uring_disabled=0"
    case .rings(.tooManyFiles): "ulimit -n 1024"
    case .rings: nil
    case .tooManyBuffers: "a larger --map-size"
    }
  }
}
