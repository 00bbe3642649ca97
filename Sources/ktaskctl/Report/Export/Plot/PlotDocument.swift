extension Plot {
  /// Of a run's document.
  init(_ document: Document) {
    let bytes = document.request.map { ByteSize.text($0.bytes) }
    let pages = document.request.map { "\($0.pageSize) pages" }
    let runs = document.request.map { $0.runs.counted("run") }
    let kernel = document.host?.kernel.map { "Linux \($0)" }
    let cpus = document.host?.allowedCPUs.map { $0.counted("CPU") }
    self.init(
      title: (["ktaskctl \(document.command)"] + [bytes].compactMap(\.self)).joined(separator: " "),
      subtitle: [pages, document.request?.method, runs, kernel, cpus].compactMap(\.self).joined(separator: ", "),
      document.results)
  }
}
