import LinuxSystem
import MemoryWork

/// A file that is to be opened: its size in bytes, where one is asked for, and the nodes that it has for itself.
struct WantedFile {
  var path: String
  var size: Int?
  var nodes: NodesWord?
}

/// Anonymous memory that is to be made, of so many bytes, and the nodes that it has for itself.
struct WantedMemory {
  var bytes: Int
  var nodes: NodesWord?
}

extension [WantedFile] {
  /// All of the same size.
  init(_ paths: [String], size: Int?) { self = paths.map { WantedFile(path: $0, size: size) } }

  /// `size`: of those that say nothing of it.
  init(_ regions: [RegionWord], size: Int?) {
    self = regions.compactMap { region in
      region.path.map { WantedFile(path: $0, size: region.size?.bytes ?? size, nodes: region.nodes) }
    }
  }
}

/// Opens what jobs work on, in the words that all commands have: pages, method and nodes.
struct Opening {
  let page: PageSizeWord?
  let method: Method?
  /// A FILE whose content goes is worked on although others have it.
  let evenIfOpen: Bool
  private var nodes: NodeAssignment

  init(_ words: WorkWords, _ nodes: NodeAssignment) {
    page = words.pageSize
    method = words.method?.method
    evenIfOpen = words.evenIfOpen
    self.nodes = nodes
  }

  mutating func anonymous(_ wanted: [WantedMemory]) throws(MemoryError) -> [AnonymousMemory] {
    let kind = try pageKind()
    var pieces: [AnonymousMemory] = []
    for wanted in wanted { pieces.append(try anonymous(wanted, kind)) }
    return pieces
  }

  mutating func anonymous(_ bytes: Int) throws(MemoryError) -> AnonymousMemory {
    try anonymous(WantedMemory(bytes: bytes), pageKind())
  }

  private mutating func anonymous(_ wanted: WantedMemory, _ kind: PageKind) throws(MemoryError) -> AnonymousMemory {
    let memory = try AnonymousMemory(bytes: wanted.bytes, page: kind)
    try nodes.place(memory, wanted.nodes)
    return memory
  }

  /// A file without a name; out of the stock `from`, where that has one.
  mutating func memfd(_ bytes: Int, from stock: String? = nil) throws(MemoryError) -> MemoryFile {
    let found = try stock.map { path throws(MemoryError) in try unnamedFile(bytes, from: path) }
    if case .success(let file)? = found { return file }
    let file = try MemoryFile(memory: sharedPageKind(), bytes: bytes)
    if case .failure(let why)? = found { file.note(why) }
    try nodes.place(file)
    return file
  }

  /// `creating`: those that are not there are made, and made as long as is asked for; `from` a stock, where that has them.
  mutating func files(
    _ wanted: [WantedFile], creating: Bool = false, mayBeEmpty: Bool = false, from path: String? = nil
  ) throws(MemoryError) -> [MemoryFile] {
    if case .bytes(let bytes) = page, let first = wanted.first?.path, try PageKind.of(bytes: bytes, path: first) == nil
    {
      throw MemoryError(.noSuchPageSize, path: first, pageSize: bytes)
    }
    let files = try MemoryFile.open(
      wanted.map { ($0.path, $0.size) }, creating: creating, mayBeEmpty: mayBeEmpty, nodes.looking)
    var stock: Stock?
    if let path { stock = try Stock.ifAny(path) }
    for (file, wanted) in zip(files, wanted) {
      if let page { try demand(page, of: file) }
      if path != nil, try file.reserve(in: stock, placement: nodes.placement(wanted.nodes)) { continue }
      try nodes.place(file, wanted.nodes)
    }
    return files
  }

  /// Files to be looked at, which may be others', or a stock's.
  func filesToLookAt(_ paths: [String], size: Int?) throws(MemoryError) -> [MemoryFile] {
    // whoever started this process may have switched them off for it: files that others made have theirs all the same
    do throws(Unreadable) {
      try TransparentHugePages.allowInProcess()
    } catch {
      throw MemoryError(.unread(error), path: paths.first)
    }
    return try MemoryFile.look(at: paths, size: size, nodes.looking)
  }

  /// What files that are looked at are to be.
  func demand(size: Int?, zero: Bool, isInfo: Bool) throws(MemoryError) -> Demand {
    Demand(
      size: size, pages: try page.map(demandedPages), nodes: try nodes.demandedNodes(), zero: zero, isInfo: isInfo)
  }
}

extension Opening {
  private mutating func unnamedFile(
    _ bytes: Int, from path: String
  ) throws(MemoryError) -> Result<MemoryFile, NoStockFile> {
    let stock = try Stock.ifAny(path)
    if case .bytes(let size)? = page, let own = stock?.pageSize, size != own { return .failure(.otherPages(own)) }
    return try MemoryFile.unnamed(
      from: stock, bytes: bytes, isTransparent: page.map { $0 == .transparent }, placement: nodes.placement())
  }

  /// What makes the stock in a directory have `count` files of `bytes`, in the pages and on the nodes that are asked for;
  /// `atOnce`: no more of them than that.
  mutating func filling(
    _ path: String, bytes: Int, count: Int, mostBytes: Int?, atOnce: Int?
  ) throws(MemoryError) -> StockJob {
    let stock = try Stock(path)
    let kind = try stockKind(bytes, in: stock)
    let plan = StockPlan(try stock.contents(), kind, count: count, mostBytes: mostBytes)
    return try stock.filling(
      kind, by: atOnce.map(plan.limited) ?? plan, method: method, nodes.looking
    ) { file throws(MemoryError) in
      if let page { try demand(page, of: file) }
      try nodes.place(file)
    }
  }

  /// What a stock is to have, in these words.
  mutating func stockKind(_ bytes: Int, in stock: Stock) throws(MemoryError) -> StockKind {
    if case .bytes(let size)? = page, size != stock.pageSize {
      throw MemoryError(.wrongPageSize(has: stock.pageSize), path: stock.path, pageSize: size)
    }
    return StockKind(
      bytes: try stock.size(of: bytes), isTransparent: page == .transparent, placement: try nodes.placement())
  }
}

extension Opening {
  private func pageKind() throws(MemoryError) -> PageKind {
    switch page {
    case nil: return .preferred
    case .transparent:
      if let obstacle = PageKind.obstacle() { throw MemoryError(obstacle) }
      return .transparent
    case .bytes(let bytes):
      guard let kind = try PageKind.of(bytes: bytes) else { throw MemoryError(.noSuchPageSize, pageSize: bytes) }
      return kind
    }
  }

  private func sharedPageKind() throws(MemoryError) -> PageKind {
    switch page {
    case nil: return .preferredShared
    case .transparent:
      if let obstacle = PageKind.obstacle(shared: true) { throw MemoryError(obstacle, path: MemoryFile.memfd) }
      return .transparent
    case .bytes: return try pageKind()
    }
  }

  private func demandedPages(_ word: PageSizeWord) throws(MemoryError) -> Demand.Pages {
    switch word {
    case .transparent: return .transparent
    case .bytes(let bytes):
      if try PageKind.of(bytes: bytes) == nil { throw MemoryError(.noSuchPageSize, pageSize: bytes) }
      return .bytes(bytes)
    }
  }

  /// A FILE's page size is its file system's: naming another is a mistake to be told, not a wish to be granted.
  private func demand(_ page: PageSizeWord, of file: MemoryFile) throws(MemoryError) {
    switch page {
    case .bytes(file.pageSize): return
    case .bytes(let bytes): throw MemoryError(.wrongPageSize(has: file.pageSize), path: file.path, pageSize: bytes)
    case .transparent:
      switch PageKind.obstacle(shared: true) {
      // a tmpfs has its mount's option
      case nil, .transparentOff?: break
      case let obstacle?: throw MemoryError(obstacle, path: file.path)
      }
      if try !file.wantTransparent() { throw MemoryError(.transparentOff, path: file.path) }
    }
  }
}
