extension Plot {
  /// Of a run's document.
  init(_ document: Document) {
    let bytes = document.request.map { ByteSize.text($0.bytes) }
    let words = ["ktaskctl", document.command] + [bytes].compactMap(\.self)
    self.init(
      title: words.joined(separator: " "),
      caption: Label.lines(document.measured, width: Self.wordsWidth)
        + Label.lines(document.where, width: Self.wordsWidth), [Series(document.results)])
  }
}

extension Document {
  /// What was measured, and how fast it was at best.
  fileprivate var measured: [String] {
    let pages = request.map { "\($0.pageSize) pages" }
    let fastest = results.max { $0.bytesPerSecond < $1.bytesPerSecond }.map { result in
      "\(result.gibPerSecond.significant) GiB/s with \(result.threads.counted("thread"))"
        + (results.count > 1 ? ", the fastest" : "")
    }
    return [pages, request?.method, request.map { $0.runs.counted("run") }, fastest].compactMap(\.self)
  }

  /// On which machine, and when.
  fileprivate var `where`: [String] {
    let cpus = host?.allowedCPUs.map { allowed in
      host?.cpus.map { "\(allowed) of \($0.counted("CPU"))" } ?? allowed.counted("CPU")
    }
    return [host?.name, host?.processor, cpus, host?.kernel.map { "Linux \($0)" }, date].compactMap(\.self)
  }
}
