internal import LinuxSystem

/// Of the pages that pools have promised, those that are promised to the files of a job: no others may have them, while
/// these must not be refused for want of them.
///
/// Two kinds are known. A file that was mapped before has promises for pages that it lacks: whether those of the pool are
/// its own shows when it is mapped. A hugetlbfs that is mounted with `min_size=` has promises for all its files together, of
/// which those are left that no file has; where it has no `size=` too, the kernel counts them and does not tell, and it
/// shows when the pages are made.
struct PromiseStock {
  private let facts: MachineFacts
  /// Bytes promised by each pool, and to each mount's files, that nobody has taken yet.
  private var pools: [Int: Int] = [:]
  private var mounts: [UInt64: Int] = [:]

  init(_ facts: MachineFacts) { self.facts = facts }

  /// Takes up to `bytes` for pages that a file lacks; how many they are, or why that is not known.
  mutating func take(_ bytes: Int, for file: MemoryFile) -> Fact<Int> {
    guard let pool = facts.pools.known?.first(where: { $0.pageSize == file.pageSize }) else { return .success(0) }
    let promised = min(bytes, pools[pool.pageSize] ?? pool.bytes(pool.promised))
    if promised == 0 { return .success(0) }
    return (file.mayHavePromises ? .success(promised) : ofMount(file)).map { own in
      let taken = min(promised, own)
      pools[pool.pageSize, default: pool.bytes(pool.promised)] -= taken
      if !file.mayHavePromises, let device = file.device { mounts[device, default: own] -= taken }
      return taken
    }
  }

  private func ofMount(_ file: MemoryFile) -> Fact<Int> {
    guard let device = file.device else { return .success(0) }
    if let left = mounts[device] { return .success(left) }
    return asking { () throws(Unreadable) in
      let least = try FileSystemMount.of(device: device)?.value(of: "min_size").flatMap { Int($0) } ?? 0
      return max(0, least - (file.fileSystem.usedBytes ?? 0))
    }
  }
}

extension MemoryFile {
  /// Whoever mapped it before may have been promised the pages that it lacks.
  fileprivate var mayHavePromises: Bool { present.clamped(to: 0..<originalSize).bytes < min(length, originalSize) }
}
