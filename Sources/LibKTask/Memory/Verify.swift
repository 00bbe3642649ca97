public import CKTask
internal import Glibc
internal import KTask
internal import LinuxSystem
internal import Synchronization

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func ktask_verify(
  _ address: UnsafeMutableRawPointer, _ length: Int, _ options: UnsafePointer<ktask_options>?,
  _ result: UnsafeMutablePointer<ktask_result>?
) -> Int32 {
  unsafe memoryCall(address, length, options, result, makes: false) { call, plan in
    call.counts = unsafe call.options.nodes.map { PageCounts(allowed: [$0]) }
    var outcome = unsafe call.run(verifying, plan)
    outcome.bytesResident = call.resident.load(ordering: .relaxed)
    if outcome.error == 0 { call.judge(&outcome) }
    return outcome
  }
}

private let verifying: MemoryCall.Chunk = { start, end, argument in
  unsafe MemoryCall.chunk(start, end, argument) { (call, address, length) throws(Errno) in
    try call.look(address, length)
  }
}

extension MemoryCall {
  /// Makes no page: what is looked into is there.
  fileprivate func look(_ address: UInt, _ length: Int) throws(Errno) {
    let found = try Memory.residentBytes(address, length)
    resident.wrappingAdd(found, ordering: .relaxed)
    if found < length {
      try noteMissing(address, length)
      return
    }
    if unsafe options.isSet(KTASK_ZERO) { try noteNonZero(address, length) }
    if let counts {
      try OwnMapping.forEach(in: address..<address + UInt(length)) { (mapping, part) throws(Errno) in
        try unsafe Memory.countNodes(part.lowerBound, part.count, pageSize: mapping.pageSize, into: counts.regions[0])
      }
    }
  }

  /// What may not be read is an error, and no signal. EFAULT: it may not.
  private func noteNonZero(_ address: UInt, _ length: Int) throws(Errno) {
    try OwnMapping.forEach(in: address..<address + UInt(length)) { (mapping, part) throws(Errno) in
      if !mapping.isReadable { throw .fault }
      guard let at = try Memory.firstNonZero(part.lowerBound, part.count) else { return }
      firstNonZero.min(Int(bitPattern: part.lowerBound) + at, ordering: .relaxed)
    }
  }

  /// The first page that is not there, by halves.
  private func noteMissing(_ address: UInt, _ length: Int) throws(Errno) {
    var (from, bytes) = (address, length)
    while bytes > MemoryInfo.basePageSize {
      let half = bytes / 2 / MemoryInfo.basePageSize * MemoryInfo.basePageSize
      let isThere = try Memory.residentBytes(from, half) == half
      if isThere { from += UInt(half) }
      bytes = isThere ? bytes - half : half
    }
    firstMissing.min(Int(bitPattern: from), ordering: .relaxed)
  }

  /// The first demand that is not met: presence, zeros, nodes.
  fileprivate func judge(_ outcome: inout MemoryOutcome) {
    let (missing, nonZero) = (firstMissing.load(ordering: .relaxed), firstNonZero.load(ordering: .relaxed))
    if missing != .max {
      outcome.fail(ENODATA, at: UInt(missing))
    } else if nonZero != .max {
      outcome.fail(EILSEQ, at: UInt(nonZero))
    } else if let wrong = counts?.firstWrong(0) {
      outcome.fail(EXDEV, at: wrong)
    }
  }
}
