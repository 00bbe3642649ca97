internal import LinuxSystem

/// A file without a name (memfd_create(2)), whose memory is made like any other file's and handed to another program.
extension MemoryFile {
  /// What stands for its name in messages.
  public static let memfd = "memfd"

  /// `bytes` are rounded up to whole pages where they are huge pages of a pool.
  public convenience init(memory page: PageKind, bytes: Int) throws(MemoryError) {
    var poolPage: Int?
    if case .huge(let size) = page { poolPage = size }
    let file = try attempting(.create, Self.memfd) { () throws(Errno) in
      Owned(try FileDescriptor.memory("ktaskctl", hugePageSize: poolPage))
    }
    try self.init(unnamed: file, size: bytes, isTransparent: page == .transparent)
  }

  /// Where another program finds it that this process becomes.
  public var inheritedPath: String { descriptor.map { "/proc/self/fd/\($0.value.number)" } ?? path }

  /// Lets the program that takes this process's place have it.
  public func handOver(sealing: Bool) throws(MemoryError) {
    guard let descriptor else { return }
    try attempting(.create, path) { () throws(Errno) in
      if sealing { try descriptor.value.sealAgainstShrinking() }
      try descriptor.value.keepOverExecution()
    }
  }
}

extension PageKind {
  /// What a memfd gets where nothing is said: transparent huge pages where the kernel gives them to shared memory.
  public static var preferredShared: PageKind { preference(obstacle(shared: true)) }
}
