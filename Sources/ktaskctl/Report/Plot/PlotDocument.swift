extension Plot {
  /// Of a run's document.
  init(_ document: Document) {
    let bytes = document.request.map { ByteSize.text($0.bytes) }
    let pages = document.request.map { "\($0.pageSize) pages" }
    let runs = document.request.map { $0.runs.counted("run") }
    let kernel = document.host.map { "Linux \($0.kernel)" }
    let cpus = document.host.map { $0.allowedCPUs.counted("CPU") }
    self.init(
      title: (["ktaskctl \(document.command)"] + [bytes].compactMap(\.self)).joined(separator: " "),
      subtitle: [pages, document.request?.method, runs, kernel, cpus].compactMap(\.self).joined(separator: ", "),
      document.results)
  }
}
