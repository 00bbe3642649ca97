public import CKTask
internal import Glibc
internal import KTask
internal import LinuxSystem

// The calls of ktask.h that make memory, give it back, and lock it.

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func ktask_populate(
  _ address: UnsafeMutableRawPointer, _ length: Int, _ options: UnsafePointer<ktask_options>?,
  _ result: UnsafeMutablePointer<ktask_result>?
) -> Int32 {
  unsafe memoryCall(address, length, options, result, makes: true) { call, plan in
    call.isReading = unsafe call.options.isSet(KTASK_READ)
    return unsafe call.run(call.isReading ? populateReading : populateWriting, plan)
  }
}

let populateWriting: MemoryCall.Chunk = { start, end, argument in
  unsafe MemoryCall.chunk(start, end, argument) { (call, address, length) throws(Errno) in
    try call.doChunk(address, length) { (address, length) throws(Errno) in try Memory.populate(address, length) }
  }
}

private let populateReading: MemoryCall.Chunk = { start, end, argument in
  unsafe MemoryCall.chunk(start, end, argument) { (call, address, length) throws(Errno) in
    try call.doChunk(address, length) { (address, length) throws(Errno) in
      try Memory.populate(address, length, writing: false)
    }
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func ktask_clear(
  _ address: UnsafeMutableRawPointer, _ length: Int, _ options: UnsafePointer<ktask_options>?,
  _ result: UnsafeMutablePointer<ktask_result>?
) -> Int32 {
  unsafe memoryCall(address, length, options, result, makes: true) { call, plan in
    unsafe call.run(clearing, plan)
  }
}

private let clearing: MemoryCall.Chunk = { start, end, argument in
  unsafe MemoryCall.chunk(start, end, argument) { (call, address, length) throws(Errno) in
    try call.doChunk(address, length) { (address, length) throws(Errno) in
      try Memory.populate(address, length)
      // past the caches where it is more than they hold
      try Memory.clear(
        address, length, call.range.count >= 64 << 20 && Memory.Store.hasNonTemporal ? .nonTemporal : .memset)
    }
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func ktask_lock(
  _ address: UnsafeMutableRawPointer, _ length: Int, _ options: UnsafePointer<ktask_options>?,
  _ result: UnsafeMutablePointer<ktask_result>?
) -> Int32 {
  unsafe memoryCall(address, length, options, result, makes: true) { call, plan in
    let start = call.range.lowerBound
    // what the caller had locked in it goes, too: the kernel does not tell what that was
    let unlock = { if unsafe !call.options.isSet(KTASK_KEEP) { _ = try? Memory.unlock(start, length) } }
    call.givesBackLater = true
    do throws(Errno) {
      // refuses at once what is beyond the limit, and has done nothing then; of what is not mapped all along the beginning
      // is locked by then
      try Memory.lockOnFault(start, length)
    } catch {
      if Memory.firstHole(start, length) != nil { unlock() }
      return MemoryOutcome(error: error.code, failed: start..<start)
    }
    var outcome = unsafe call.run(lockingChunk, plan, beforeUndo: unlock)
    if outcome.error != 0 { return outcome }
    do throws(Errno) {
      // finds all there; from now on it is what mlock(2) leaves
      try Memory.lock(start, length)
    } catch {
      unlock()
      outcome.error = error.code
      // what was made stays
      outcome.isUndone = false
    }
    return outcome
  }
}

private let lockingChunk: MemoryCall.Chunk = { start, end, argument in
  unsafe MemoryCall.chunk(start, end, argument) { (call, address, length) throws(Errno) in
    try call.doChunk(address, length) { (address, length) throws(Errno) in try call.populateAsMlock(address, length) }
  }
}

extension MemoryCall {
  /// mlock(2) writes where that makes a page of this process's own, and reads elsewhere: nothing shared becomes dirty.
  fileprivate func populateAsMlock(_ address: UInt, _ length: Int) throws(Errno) {
    try OwnMapping.forEach(in: address..<address + UInt(length)) { (mapping, part) throws(Errno) in
      try Memory.populate(part.lowerBound, part.count, writing: mapping.isWritable && !mapping.isShared)
    }
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func ktask_release(
  _ address: UnsafeMutableRawPointer, _ length: Int, _ options: UnsafePointer<ktask_options>?,
  _ result: UnsafeMutablePointer<ktask_result>?
) -> Int32 {
  unsafe memoryCall(address, length, options, result, makes: false) { call, plan in unsafe call.run(releasing, plan) }
}

private let releasing: MemoryCall.Chunk = { start, end, argument in
  unsafe MemoryCall.chunk(start, end, argument) { (call, address, length) throws(Errno) in
    try OwnMapping.forEach(in: address..<address + UInt(length)) { (mapping, part) throws(Errno) in
      let (start, length) = (part.lowerBound, part.count)
      // of a file on a file system that is not known it is not known whether its pages are all that there is
      guard let isOfMemory = mapping.isShared ? mapping.isOfMemory : false else { throw .notSupported }
      if isOfMemory { try Memory.remove(start, length) } else { try Memory.giveBack(start, length) }
    }
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func ktask_plan(
  _ length: Int, _ options: UnsafePointer<ktask_options>?, _ result: UnsafeMutablePointer<ktask_result>?
) -> Int32 {
  guard hasHeap() else { return refused(ENOMEM) }
  guard length >= 0, let options = unsafe ktask_options(given: options),
    let control = unsafe MemoryPlan.control(0..<UInt(length), options)
  else { return refused(EINVAL) }
  let decision = control.decide(size: length)
  var outcome = MemoryOutcome(bytesDone: 0)
  outcome.threads = decision.threads
  outcome.bound = decision.bounds.winner
  outcome.chunk = control.chunk(size: length, threads: decision.threads)
  return unsafe outcome.answer(result, from: 0)
}
