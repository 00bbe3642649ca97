import LinuxSystem
import MemoryWork

/// What a command asks for, in values.
enum JobRequest: Equatable {
  case clearAnonymous(bytes: Int)
  case clear(files: [String])
  case prefault(files: [String])
  case verify(files: [String], zero: Bool, isInfo: Bool)
  /// From `offset` on.
  case release(files: [String], unlink: Bool, offset: Int)
  case exec(bytes: Int, ExecCommand)
  case pinAnonymous(bytes: Int, PinRequest)
  case pin(file: String, PinRequest)
  case clearRegions([RegionWord])
  case prefaultRegions([RegionWord])

  /// What is left afterwards is the aim, not only the figures.
  var keepsResult: Bool {
    switch self {
    case .prefault, .clear, .prefaultRegions, .verify, .release, .exec: true
    case .clearRegions(let regions): regions.contains { $0.path != nil }
    case .clearAnonymous, .pinAnonymous, .pin: false
    }
  }

  /// Pages that a file lacked are there afterwards.
  var makesPages: Bool {
    switch self {
    case .prefault, .clear, .prefaultRegions, .exec: true
    case .clearRegions: keepsResult
    default: false
    }
  }

  /// What is done then is memory that is ready for others; of `exec` only its COMMAND knows when it is.
  var isReadiness: Bool {
    switch self {
    case .verify, .release, .exec: false
    default: true
    }
  }

  /// What takes this process's place.
  var exec: ExecCommand? {
    if case .exec(_, let exec) = self { return exec }
    return nil
  }

  /// Nothing is changed, and so nothing undone.
  var isLook: Bool {
    if case .verify = self { return true }
    return false
  }

  /// Its files are gone afterwards, empty ones too.
  var removesName: Bool {
    if case .release(_, let unlink, _) = self { return unlink }
    return false
  }

  /// Where in each file it begins; nil: at its start.
  var offset: Int? {
    if case .release(_, _, let offset) = self, offset > 0 { return offset }
    return nil
  }

  /// Memory of no file that was there before: its pages are of the kind that this program chooses.
  var makesItsOwnMemory: Bool {
    switch self {
    case .clearAnonymous, .pinAnonymous, .exec: true
    case .clearRegions: !keepsResult
    case .clear, .prefault, .verify, .release, .pin, .prefaultRegions: false
    }
  }

  /// Its regions in words; none where it has files or a size.
  var regions: [RegionWord] {
    switch self {
    case .clearRegions(let regions), .prefaultRegions(let regions): regions
    case .clearAnonymous, .clear, .prefault, .pinAnonymous, .pin, .verify, .release, .exec: []
    }
  }

  /// The files that it is about, as they are named.
  var paths: [String] {
    switch self {
    case .clear(let files), .prefault(let files), .verify(let files, _, _), .release(let files, _, _): files
    case .pin(let file, _): [file]
    case .clearRegions(let regions), .prefaultRegions(let regions): regions.compactMap(\.path)
    case .clearAnonymous, .pinAnonymous, .exec: []
    }
  }

  /// Opens what it names and says what is wrong with it; changes nothing.
  func open(
    size: Int?, page: PageSizeWord?, method: Method?, evenIfOpen: Bool, _ assignment: NodeAssignment
  ) throws(MemoryError) -> any MemoryJob {
    var assignment = assignment
    switch self {
    case .clearAnonymous(let bytes):
      return try ClearAnonymousJob([anonymous(bytes, pageKind(page), &assignment)], method: method)
    case .pinAnonymous(let bytes, let pin):
      return try pin.job(PinnedMemory(anonymous(bytes, pageKind(page), &assignment)), method: method)
    case .clear(let paths):
      return try ClearFileJob(
        openFiles(wanted(paths, size), page, creating: false, &assignment), method: method, evenIfOpen: evenIfOpen)
    case .prefault(let paths):
      return try PrefaultJob(openFiles(wanted(paths, size), page, creating: true, &assignment), method: method)
    case .verify(let paths, let zero, let isInfo):
      let demand = Demand(
        size: size, pages: try page.map(demandedPages), nodes: try assignment.demandedNodes(), zero: zero,
        isInfo: isInfo)
      try seeHugePages(paths)
      return VerifyJob(try MemoryFile.look(at: paths, size: size, assignment.looking), demand: demand)
    case .exec(let bytes, _):
      let file = try MemoryFile(memory: sharedPageKind(page), bytes: bytes)
      try assignment.place(file)
      return try PrefaultJob([file], method: method)
    case .release(let paths, let unlink, let offset):
      let end = size.map { offset + $0 }
      return try ReleaseJob(
        openFiles(wanted(paths, end), page, creating: false, mayBeEmpty: true, &assignment), from: offset,
        unlink: unlink,
        evenIfOpen: evenIfOpen)
    case .pin(let path, let pin):
      let files = try openFiles(wanted([path], size), page, creating: false, &assignment)
      return try pin.job(PinnedMemory(files[0]), method: method)
    case .prefaultRegions(let regions):
      return try PrefaultJob(openFiles(wanted(regions, size), page, creating: true, &assignment), method: method)
    case .clearRegions(let regions) where keepsResult:
      return try ClearFileJob(
        openFiles(wanted(regions, size), page, creating: false, &assignment), method: method, evenIfOpen: evenIfOpen)
    case .clearRegions(let regions):
      var pieces: [AnonymousMemory] = []
      let kind = try pageKind(page)
      for region in regions {
        pieces.append(try anonymous(region.size?.bytes ?? size ?? 0, kind, &assignment, region.nodes))
      }
      return try ClearAnonymousJob(pieces, method: method)
    }
  }
}

private func anonymous(
  _ bytes: Int, _ page: PageKind, _ assignment: inout NodeAssignment, _ nodes: NodesWord? = nil
) throws(MemoryError) -> AnonymousMemory {
  let memory = try AnonymousMemory(bytes: bytes, page: page)
  try assignment.place(memory, nodes)
  return memory
}

private func pageKind(_ word: PageSizeWord?) throws(MemoryError) -> PageKind {
  switch word {
  case nil: return .preferred
  case .transparent:
    if let obstacle = PageKind.obstacle() { throw MemoryError(obstacle) }
    return .transparent
  case .bytes(let bytes):
    guard let kind = try PageKind.of(bytes: bytes) else { throw MemoryError(.noSuchPageSize, pageSize: bytes) }
    return kind
  }
}

private func sharedPageKind(_ word: PageSizeWord?) throws(MemoryError) -> PageKind {
  switch word {
  case nil: return .preferredShared
  case .transparent:
    if let obstacle = PageKind.obstacle(shared: true) { throw MemoryError(obstacle, path: MemoryFile.memfd) }
    return .transparent
  case .bytes: return try pageKind(word)
  }
}

/// A file that is to be opened: its size, where one is asked for, and the nodes that it has for itself.
private typealias WantedFile = (path: String, size: Int?, nodes: NodesWord?)

private func wanted(_ paths: [String], _ size: Int?) -> [WantedFile] { paths.map { ($0, size, nil) } }

private func wanted(_ regions: [RegionWord], _ size: Int?) -> [WantedFile] {
  regions.compactMap { region in region.path.map { ($0, region.size?.bytes ?? size, region.nodes) } }
}

/// Whoever started this process may have switched them off for it: files that others made have theirs all the same.
private func seeHugePages(_ paths: [String]) throws(MemoryError) {
  do throws(Unreadable) {
    try TransparentHugePages.allowInProcess()
  } catch {
    throw MemoryError(.unread(error), path: paths.first)
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

private func openFiles(
  _ wanted: [WantedFile], _ page: PageSizeWord?, creating: Bool, mayBeEmpty: Bool = false,
  _ assignment: inout NodeAssignment
) throws(MemoryError) -> [MemoryFile] {
  if case .bytes(let bytes) = page, try PageKind.of(bytes: bytes, path: wanted[0].path) == nil {
    throw MemoryError(.noSuchPageSize, path: wanted[0].path, pageSize: bytes)
  }
  let files = try MemoryFile.open(
    wanted.map { ($0.path, $0.size) }, creating: creating, mayBeEmpty: mayBeEmpty, assignment.looking)
  for (file, wanted) in zip(files, wanted) {
    if let page { try demand(page, of: file) }
    try assignment.place(file, wanted.nodes)
  }
  return files
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
