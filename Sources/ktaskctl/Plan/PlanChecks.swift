import ArgumentParser
import LinuxSystem
import MemoryWork

/// What must hold before any memory is touched.
extension Plan {
  /// `others`: who has files whose content goes.
  func allChecks(of job: any MemoryJob, _ growth: PoolGrowth?, _ others: Check?) throws(MemoryError) -> [Check] {
    let alone = words.evenIfOpen ? [] : [others].compactMap(\.self)
    // what makes no page asks nothing of the machine: nor does anybody ask what it has
    if job.bytes == 0 || !job.needsMemory { return alone }
    let facts = try MachineFacts.current()
    let limits = job.limitChecks(facts, threads: threadCounts.max() ?? 1)
    let wanted = facts.withSurplus((growth?.checks(facts) ?? []) + job.checks(facts))
    return alone + limits + (growth == nil ? wanted : wanted.filter { !$0.isAboutPool })
  }

  /// Whether content goes that others may rely on: with the work, or because what was only made to be measured is given
  /// back, in which they may have written by then. What is held is others' to use, and is given back with care.
  func losesContent(of job: any MemoryJob) -> Bool {
    if job.losesContent { return job.bytes > 0 || intent.removesName || job.changesNames }
    let givesBack = (hold == nil && runCount > 1) || !intent.keepsResult
    return givesBack && job.files.contains { !$0.presentIsExact || $0.missingBytes > 0 }
  }

  /// Several runs give back in between, and only what they put there themselves.
  func refuseGivingAwayOthersPages(of job: any MemoryJob) throws(MemoryError) {
    guard keepsContent(job), runCount > 1 else { return }
    for file in job.files where file.present.bytes > 0 {
      throw MemoryError(.hasPages(bytes: file.present.bytes), path: file.path)
    }
  }

  func refuseHoldingSeveral() throws {
    if hold != nil && runCount > 1 { throw ValidationError("--hold is one run with one number of threads") }
  }

  /// Whether it makes pages beside those that are there, which stay.
  func keepsContent(_ job: any MemoryJob) -> Bool { intent.makesPages && !job.losesContent }
}
