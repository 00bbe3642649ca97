import MemoryWork

extension Report {
  /// The one line of a hold.
  var heldLine: String {
    let results = results.map { "in \($0.median.asTime), \($0.gibPerSecond.fixed(2)) GiB/s" }
    let threads = (plan.threadCounts.first ?? 1).counted("thread")
    let amount = "\(ByteSize.text(plan.bytes)) in \(plan.pageWord) pages"
    let proof = plan.words.verify == .nothing ? "not verified" : "verified"
    return "\(plan.command) \(subject): " + ([amount, threads] + results + [proof, held]).joined(separator: ", ")
  }

  /// Who keeps it, and until when.
  var held: String { "held by process \(process) \(plan.hold?.text ?? "")" }
}
