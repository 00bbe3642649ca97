internal import Glibc
internal import LinuxSystem

/// Where a file comes from that was to come from a stock.
public enum FileSource: Equatable, Sendable {
  /// From the stock, where this is its path.
  case stock(String)
  /// It is made as ever.
  case made(NoStockFile)
  /// It was there before.
  case there
}

/// Why a stock has nothing for a file.
public enum NoStockFile: Error, Equatable, Sendable {
  /// There is no such directory.
  case noStock
  /// It has no such file that is ready.
  case noneReady(StockKind)
  /// It has such files that are ready, on other nodes.
  case otherNodes(StockKind)
  /// It has some, and others have each of them open or are taking it.
  case inUse(StockKind)
  /// The file would lie on another mount.
  case otherMount
  /// Its pages are of another size than is asked for.
  case otherPages(Int)

  /// `ready`: the kinds of all files that say of themselves that they are ready, none of which was to be had.
  init(_ wanted: StockKind, ready: [StockKind]) {
    if ready.contains(where: { $0.satisfies(wanted) }) {
      self = .inUse(wanted)
    } else if ready.contains(where: { $0.bytes == wanted.bytes && $0.isTransparent == wanted.isTransparent }) {
      self = .otherNodes(wanted)
    } else {
      self = .noneReady(wanted)
    }
  }
}

/// A file that is to come from a stock.
extension MemoryFile {
  /// Keeps a ready file of the stock for it, where there is one and it is not there yet; before it is placed, which it then is
  /// not. Changes nothing. Whether it has one; `stock` nil: there is none.
  public func reserve(in stock: Stock?, placement: Placement?) throws(MemoryError) -> Bool {
    if existed {
      source = .there
      return false
    }
    guard let stock else {
      source = .made(.noStock)
      return false
    }
    guard let place, stock.reaches(place.value) else {
      source = .made(.otherMount)
      return false
    }
    let kind = StockKind(bytes: size, isTransparent: isTransparent, placement: placement)
    switch try stock.reserve(kind) {
    case .success(let found):
      keep(found)
      return true
    case .failure(let why):
      source = .made(why)
      return false
    }
  }

  private func keep(_ found: ReservedFile) {
    reserved = found
    source = .stock(found.stock.path(of: found.name))
    descriptor = found.descriptor
    isOpenForWriting = true
    before = .whole(length)
  }

  /// A file of the stock that has no name any more once it is taken, for who is handed its descriptor. `isTransparent` nil:
  /// whatever pages it has; `stock` nil: there is none.
  public static func unnamed(
    from stock: Stock?, bytes: Int, isTransparent: Bool?, placement: Placement?
  ) throws(MemoryError) -> Result<MemoryFile, NoStockFile> {
    guard let stock else { return .failure(.noStock) }
    let size = try stock.size(of: bytes)
    let kinds = (isTransparent.map { [$0] } ?? [true, false]).map {
      StockKind(bytes: size, isTransparent: $0, placement: placement)
    }
    var why = NoStockFile.noStock
    for kind in kinds {
      switch try stock.reserve(kind) {
      case .success(let found):
        let file = try MemoryFile(unnamed: found.descriptor, size: size, isTransparent: kind.isTransparent)
        file.keep(found)
        return .success(file)
      case .failure(let other): why = other
      }
    }
    return .failure(why)
  }

  /// It could not come from a stock.
  public func note(_ why: NoStockFile) { source = .made(why) }

  /// Whether it only has to be taken.
  var isReserved: Bool { reserved != nil }

  /// Takes what was reserved: from now on it is this file, and what was asked for it is its owner's.
  func take() throws(MemoryError) {
    guard let reserved else { return }
    do throws(MemoryError) {
      if let place {
        try become(reserved, at: place.value)
      } else {
        try attempting(.create, path) { () throws(Errno) in try reserved.unlink() }
      }
    } catch {
      // made meanwhile by another ktaskctl, which then is at work on it
      if error.errno == .exists, let place, let other = try Self.find(in: place.value, path) {
        try Self.claim(other.value, path)
      }
      // somebody has got hold of it although it is locked
      throw error.errno == .stale ? MemoryError(.replaced, path: path) : error
    }
    hasCreated = place != nil
  }

  /// Whose it is before what it is called, so that no file is called so that is another's: whoever dies in between leaves one that
  /// is not ready. So does who may not give it the name: others might have opened it by then, and it is to be cleared again.
  private func become(_ reserved: ReservedFile, at place: borrowing FilePlace) throws(MemoryError) {
    let file = reserved.descriptor
    try attempting(.create, path) { () throws(Errno) in if !reserved.isSound { throw .stale } }
    var rights = rightsIfMade
    // as of a file that is made
    if rights.group == nil { rights.group = try attempting(.own, path) { () throws(Errno) in try place.groupOfNew() } }
    // its owner first: a change of that takes bits of the mode away
    try attempting(.own, path) { () throws(Errno) in try file.value.setOwner(rights) }
    try attempting(.mode, path) { () throws(Errno) in try file.value.setMode(rights) }
    try attempting(.create, path) { () throws(Errno) in try reserved.move(to: place) }
  }

  /// Gives back what was taken: others may have had it, so that it is dirty. Whether that was possible.
  func putBackIntoStock(_ reserved: ReservedFile) -> Bool {
    guard hasCreated, place != nil else { return true }
    do throws(MemoryError) {
      try returnTo(reserved.stock, as: reserved.name.kind)
      hasCreated = false
      return true
    } catch {
      return false
    }
  }

  /// It becomes the stock's: first nobody else may open it any more, then its name becomes one of the stock's, in one step. What it
  /// has in it is not touched.
  func returnTo(_ stock: Stock, as kind: StockKind) throws(MemoryError) {
    guard let place, let descriptor else { return }
    let name = StockName.random(.returned, kind)
    let other = try stock.place(of: name)
    let status = try attempting(.inspect, path) { () throws(Errno) in try descriptor.value.status() }
    do throws(MemoryError) {
      try becomeStocks(owner: stock.owner)
      try attempting(.giveToStock, path) { () throws(Errno) in try place.value.move(status, to: other.value) }
    } catch {
      try? descriptor.value.setOwner(FileRights(user: status.owner, group: status.group))
      try? descriptor.value.setMode(FileRights(mode: status.mode))
      switch error.errno {
      case .stale: throw MemoryError(.replaced, path: path)
      case .otherDevice: throw MemoryError(.noStock(.otherMount(stock: stock.path)), path: path)
      default: throw error
      }
    }
    pathInStock = stock.path(of: name)
  }

  /// From now on nobody opens it whom the stock is not for; nor does the group stay that it was given to.
  func becomeStocks(owner: UInt32) throws(MemoryError) {
    let file = try openedForWriting()
    let status = try attempting(.inspect, path) { () throws(Errno) in try file.value.status() }
    if status.mode != StockName.mode {
      try attempting(.mode, path) { () throws(Errno) in try file.value.setMode(FileRights(mode: StockName.mode)) }
    }
    let group = getegid()
    if status.owner != owner || status.group != group {
      try attempting(.own, path) { () throws(Errno) in try file.value.setOwner(FileRights(user: owner, group: group)) }
    }
  }
}
