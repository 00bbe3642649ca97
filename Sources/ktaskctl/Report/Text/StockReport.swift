import MemoryWork

extension FileSource {
  /// "taken from /dev/hugepages/stock/ready-8G-any-…".
  var text: String {
    switch self {
    case .stock(let path): "taken from \(path.shown)"
    case .made(let why): "made: \(why.text)"
    case .there: "not taken: it is there already"
    }
  }

  /// Why nothing was taken, as one word for programs; nil where something was.
  var reason: String? {
    switch self {
    case .stock: nil
    case .made(let why): why.word
    case .there: "exists"
    }
  }
}

extension NoStockFile {
  /// What follows "made: ".
  fileprivate var text: String {
    switch self {
    case .noStock: "there is no stock"
    case .noneReady(let kind): "the stock has no \(kind.text) that is ready"
    case .otherNodes(let kind): "the stock has no \(kind.text) that is ready, only others of its size"
    case .inUse(let kind):
      "each \(kind.text) of the stock that is ready is being taken, open elsewhere, or not to be opened"
    case .otherMount: "the stock lies on another mount"
    case .otherPages(let size): "the stock has \(PageSizeWord.text(size)) pages"
    }
  }

  fileprivate var word: String {
    switch self {
    case .noStock: "no-stock"
    case .noneReady: "none-ready"
    case .otherNodes: "other-nodes"
    case .inUse: "in-use"
    case .otherMount: "other-mount"
    case .otherPages: "other-pages"
    }
  }
}

extension Report {
  /// Of each file that was to come from a stock whether it does.
  var sourceLines: [String] {
    plan.files.compactMap { file in
      file.source.map { "\(file.path.shown): \(ByteSize.text(file.bytes)), \($0.text)" }
    }
  }

  /// What a stock was given.
  var returnedLines: [String] {
    plan.files.map {
      "\($0.path.shown): \(ByteSize.text($0.sizeBefore)) returned to \((plan.intent.stock ?? "").shown)"
    }
  }

  /// What the stock has, a line for each kind.
  var stockLines: [String] {
    guard plan.intent.fillsStock else { return [] }
    guard let stock else { return ["\(subject): not known what it has"] }
    let kinds = stock.kinds
    let lines = kinds.map { kind in
      "\(subject): \(kind.text): "
        + StockFile.Condition.allCases.map { "\(stock.count($0, kind)) \($0.word)" }
        .joined(separator: ", ")
    }
    let foreign = stock.foreign.isEmpty ? [] : ["\(subject): left alone: \(Self.names(stock.foreign))"]
    return (lines.isEmpty ? ["\(subject): empty"] : lines) + foreign
  }

  /// In a line, however many there are.
  private static func names(_ names: [String]) -> String {
    let named = names.prefix(3).map(\.shown).joined(separator: ", ")
    return names.count > 3 ? "\(named) and \(names.count - 3) more" : named
  }
}

extension StockFile.Condition {
  fileprivate var word: String {
    switch self {
    case .ready: "ready"
    case .making: "being made"
    case .returned: "returned"
    }
  }
}
