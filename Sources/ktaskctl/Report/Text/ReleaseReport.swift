import MemoryWork

extension Report {
  /// What `release` did, for standard output.
  func releasedLine(_ released: Released) -> String {
    let seconds = outcome?.counts.first?.times.first ?? 0
    let threads = outcome?.counts.first?.helpers.count ?? 1
    let within = plan.files.first?.within ?? ""
    let amount =
      released.bytes == 0
      ? "had no pages\(within)"
      : "\(ByteSize.text(released.bytes)) given back in \(seconds.asTime) by \(threads.counted("thread")), "
        + (released.isProven ? "no page left" : "not known whether a page is left") + within
    let outside =
      released.bytesOutside > 0 && !released.hasRemoved
      ? ", \(ByteSize.text(released.bytesOutside)) of disk stay allocated outside of its length" : ""
    return "\(subject): \(amount)" + outside + (released.hasRemoved ? ", removed" : "")
  }
}

extension PlannedFile {
  /// " in its first 4 MiB", where not all of a file was to be released.
  var within: String {
    let (start, end) = (ByteSize.text(part.lowerBound), ByteSize.text(part.upperBound))
    switch (part.lowerBound > 0, part.upperBound < sizeBefore) {
    case (false, false): return ""
    case (false, true): return " in its first \(end)"
    case (true, false): return " from \(start) on"
    case (true, true): return " from \(start) to \(end)"
    }
  }
}
