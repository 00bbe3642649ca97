internal import CKTask
internal import Glibc
internal import KTask
internal import LinuxSystem

// What all memory calls have in common: their options looked at, memory put on nodes, the client told.

extension ktask_options {
  /// What a client gave, or what is usual; nil: of no size that it could have.
  init?(given: UnsafePointer<ktask_options>?) {
    unsafe self.init()
    guard let given = unsafe given else { return }
    guard let options = unsafe taken(given, into: ktask_options(), least: MemoryLayout<Int>.size) else { return nil }
    unsafe self = unsafe options
  }

  func isSet(_ flag: Int) -> Bool { unsafe ko_flags & UInt32(flag) != 0 }

  /// nil: none are given. Of the mask one bit less than it is said to have, as mbind(2) takes it; one that is larger than
  /// that takes has none.
  var nodes: NodeSet? {
    guard let mask = unsafe ko_nodemask else { return nil }
    let count = unsafe Int(clamping: ko_maxnode) - 1
    guard count > 0, count <= MemoryInfo.basePageSize * 8 else { return NodeSet([]) }
    return NodeSet((0..<count).filter { unsafe mask[$0 / 64] >> UInt($0 % 64) & 1 == 1 })
  }
}

/// Looks at what was given, and runs `body`; the call's answer. `makes`: the call makes pages.
func memoryCall(
  _ address: UnsafeMutableRawPointer, _ length: Int, _ given: UnsafePointer<ktask_options>?,
  _ result: UnsafeMutablePointer<ktask_result>?, makes: Bool,
  _ body: (MemoryCall, MemoryPlan) -> MemoryOutcome
) -> Int32 {
  let start = UInt(bitPattern: address)
  return unsafe outcome(start, length, given, makes: makes, body).answer(result, from: start)
}

/// The same, but for the answer.
func outcome(
  _ start: UInt, _ length: Int, _ given: UnsafePointer<ktask_options>?, makes: Bool,
  _ body: (MemoryCall, MemoryPlan) -> MemoryOutcome
) -> MemoryOutcome {
  let page = MemoryInfo.basePageSize
  guard let options = unsafe ktask_options(given: given), length >= 0, length % page == 0, start % UInt(page) == 0,
    !start.addingReportingOverflow(UInt(length)).overflow
  else { return MemoryOutcome(error: EINVAL) }
  if length == 0 { return MemoryOutcome(bytesDone: 0) }
  guard hasHeap() else { return MemoryOutcome(error: ENOMEM, failed: start..<start) }
  return unsafe MemoryCall(start..<start + UInt(length), options).prepared(makes: makes, body)
}

extension MemoryCall {
  /// Checks, advice and policy, and then the work. A policy goes again where that fails.
  ///
  /// A hole is met before anything is done: what this library maps on its way, a helper's stack or the notes of what was
  /// there, could come to lie in it. Of a small call, which maps nothing, the kernel says it.
  fileprivate func prepared(makes: Bool, _ body: (MemoryCall, MemoryPlan) -> MemoryOutcome) -> MemoryOutcome {
    let (start, length) = (range.lowerBound, range.count)
    let nothing = start..<start
    guard let plan = unsafe MemoryPlan(range, options, shares: makes ? shares() : nil) else {
      return MemoryOutcome(error: EINVAL, failed: nothing)
    }
    if !makes || !plan.isSmall, let hole = Memory.firstHole(start, length) {
      return MemoryOutcome(error: ENOMEM, failed: hole..<hole + UInt(MemoryInfo.basePageSize))
    }
    if !makes { return body(self, plan) }
    do throws(Errno) {
      try willTakeBack()
      if unsafe options.isSet(KTASK_PREFLIGHT) { try preflight() }
      if unsafe options.isSet(KTASK_HUGE) { try Memory.adviseHuge(start, length, true) }
      if unsafe options.isSet(KTASK_NO_HUGE) { try Memory.adviseHuge(start, length, false) }
      if let nodes = unsafe options.nodes, nodes.numbers.isEmpty || !isBound && namedPolicy == nil { throw .invalid }
      if unsafe options.ko_nodemask != nil { try notePolicies() }
    } catch {
      return MemoryOutcome(error: error.code, failed: nothing)
    }
    do throws(Errno) {
      try place(plan.nodeTasks)
    } catch {
      unplace()
      return MemoryOutcome(error: error.code, failed: nothing)
    }
    let outcome = body(self, plan)
    if outcome.error != 0 { unplace() }
    return outcome
  }

  /// ENOMEM: what is missing is more than the machine, or the control group, can give. What is not told refuses nothing.
  private func preflight() throws(Errno) {
    let missing = range.count - (try Memory.residentBytes(range.lowerBound, range.count))
    if let available = (try? MemoryInfo.current())?.availableBytes, missing > available { throw .noMemory }
    let group = (try? ControlGroup.current().memoryHeadroom) ?? nil
    if let group, missing > group.bytes { throw .noMemory }
  }
}

/// Nodes.
extension MemoryCall {
  private static let bind: Int32 = 2

  private var isBound: Bool { unsafe options.ko_policy == 0 || options.ko_policy == Self.bind }

  private var namedPolicy: MemoryPolicy? { unsafe MemoryPolicy(number: options.ko_policy) }

  /// With nodes to bind to an equal part for each, of whole huge pages; nil without.
  private func shares() -> [NodeTask<UInt>]? {
    guard let nodes = unsafe options.nodes, isBound, !nodes.numbers.isEmpty else { return nil }
    let unit = UInt(max(2 << 20, unsafe options.ko_page_size))
    // what is beyond all addresses comes to be before the range, and so to be no part at all
    var at = range.lowerBound
    return nodes.numbers.enumerated().map { index, node in
      let last = index + 1 == nodes.numbers.count
      let aim = range.lowerBound + UInt(range.count / nodes.numbers.count * (index + 1))
      let end = last ? range.upperBound : max(at, min(range.upperBound, (aim &+ unit / 2) / unit * unit))
      defer { at = end }
      return NodeTask(start: at, size: Int(end - at), node: node)
    }
  }

  private func place(_ shares: [NodeTask<UInt>]?) throws(Errno) {
    guard let nodes = unsafe options.nodes else { return }
    for share in shares ?? [] where share.size > 0 {
      try Memory.setPolicy(share.start, share.size, .bind, NodeSet([share.node ?? 0]))
    }
    if shares == nil {
      guard let policy = namedPolicy else { throw .invalid }
      try Memory.setPolicy(range.lowerBound, range.count, policy, nodes)
    }
  }

  /// The policies that the caller has set. A shared mapping's are its file's, and change within it where nothing tells.
  private func notePolicies() throws(Errno) {
    try OwnMapping.forEach(in: range) { (mapping, part) throws(Errno) in
      if !mapping.isShared { policiesBefore.append(try RangePolicy(of: part)) }
    }
  }

  private func unplace() {
    if unsafe options.nodes == nil { return }
    _ = try? Memory.setPolicy(range.lowerBound, range.count, .standard)
    for policy in policiesBefore { _ = try? policy.restore() }
  }
}

extension MemoryPolicy {
  /// By mbind(2)'s number, of those that are taken here.
  fileprivate init?(number: Int32) {
    switch number {
    case 1: self = .preferred
    case 3: self = .interleave
    default: return nil
    }
  }
}
