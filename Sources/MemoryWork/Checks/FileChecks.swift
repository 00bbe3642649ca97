internal import LinuxSystem

/// What several files need together.
func fileChecks(_ files: [MemoryFile], _ facts: MachineFacts) -> [Check] {
  var promises = PromiseStock(facts)
  var lists: [[Check]] = []
  for file in files { lists.append(file.checks(facts, &promises)) }
  return total(lists)
}

extension MemoryFile {
  /// What it has been promised of a pool is taken from `promises`.
  func checks(_ facts: MachineFacts, _ promises: inout PromiseStock) -> [Check] {
    var checks: [Check] = []
    if size > originalSize { checks += facts.fileSizeChecks(size, path: path) }
    if let free = fileSystem.availableBytes, missingBytes > 0 {
      let have = fileSystem.kind == .hugetlbfs ? fileSystem.freeBytes ?? free : free
      let space = Check.What.space(fileSystem: fileSystem.kind.rawValue, device: fileSystem.device)
      checks.append(Check(space, need: missingBytes, have: have, path: path))
    }
    if placement?.policy == .bind { return checks + nodeChecks(facts, &promises) }
    if fileSystem.kind != .hugetlbfs { return checks + facts.memoryChecks(bytesToAllocate, path: path) }
    let own = promises.take(missingBytes, for: self)
    return checks + facts.hugePageChecks(missingBytes, pageSize: pageSize, path: path, own: own)
  }

  private func nodeChecks(_ facts: MachineFacts, _ promises: inout PromiseStock) -> [Check] {
    let missing = present.gaps(in: 0..<length)
    var checks: [Check] = []
    for part in parts {
      let bytes = missing.clamped(to: part.range).bytes
      let own = promises.take(bytes, for: self)
      if let node = part.node {
        checks += facts.nodeChecks(bytes, on: node, pageSize: pageSize, path: path, own: own)
      }
    }
    return checks + facts.cgroupChecks(missing.bytes, pageSize: pageSize, path: path)
  }
}
