import LinuxSystem
import MemoryWork

extension FileFindings {
  /// For standard output: what was found of it.
  var lines: [String] {
    var line = "\(path.shown): \(ByteSize.text(bytes)), \(residency)"
    if let isZero { line += isZero ? ", all zero" : ", not all zero" }
    let nodes = bytesByNode.sorted { $0.key < $1.key }.map { node, bytes in
      "  node \(node): \((bytes / pageSize).counted("page")) of \(PageSizeWord.text(pageSize)), \(ByteSize.text(bytes))"
    }
    return [line] + nodes
  }

  private var residency: String {
    guard let residentBytes else { return "not known how much is resident" }
    if residentBytes == 0 { return "nothing resident" }
    let amount = residentBytes == bytes ? "all resident" : "\(ByteSize.text(residentBytes)) resident"
    return "\(amount) in \(pages)"
  }

  /// "2M pages", "4K pages", "thp pages", "4K pages, 512 MiB of it in transparent huge pages".
  private var pages: String {
    let isPool = pageSize > MemoryInfo.basePageSize
    guard let hugeBytes else { return "pages of a size that is not known" }
    if isPool || hugeBytes == 0 { return "\(PageSizeWord.text(pageSize)) pages" }
    if hugeBytes == residentBytes { return "transparent huge pages" }
    return "\(PageSizeWord.text(pageSize)) pages, \(ByteSize.text(hugeBytes)) of it in transparent huge pages"
  }
}

extension MemoryError {
  /// In what a file is not as demanded; `bytes` were looked at.
  func sentence(_ shortfall: Shortfall) -> String {
    switch shortfall {
    case .size(let has): "has \(ByteSize.text(has)), less than is demanded"
    case .residency(let missing): "\(ByteSize.text(missing)) of \(ByteSize.text(bytes ?? 0)) are not resident"
    case .unknownResidency:
      "the kernel does not tell how much of it is resident"
    case .unknownPages: "the kernel does not tell in which pages it is"
    case .unknownNodes: "the kernel does not tell on which nodes it is"
    case .pages(let bytes, let has):
      "\(ByteSize.text(bytes)) are in other pages than demanded; most of the file is in \(PageSizeWord.text(has)) pages"
    case .nodes(let bytes, let asked):
      "\(ByteSize.text(bytes)) of \(ByteSize.text(self.bytes ?? 0)) are not on \(NodeMessages.text(asked))"
    case .content: "the byte at offset \(offset ?? 0) is not zero"
    }
  }
}

extension Document.File {
  init(_ found: FileFindings) {
    self.init(path: found.path, bytes: found.bytes, alreadyResidentBytes: found.residentBytes, addedBytes: 0)
    if !found.bytesByNode.isEmpty {
      let pages = found.bytesByNode.map { ("\($0.key)", $0.value / found.pageSize) }
      pagesByNode = Dictionary(uniqueKeysWithValues: pages)
    }
    pageSize = found.usualPage
    hugeBytes = found.hugeBytes
    unclearedBytes = found.unclearedBytes > 0 ? found.unclearedBytes : nil
    zero = found.isZero
  }
}
