internal import LinuxSystem

/// A file in a stock, as it was when it was looked at.
public struct StockFile: Hashable, Sendable {
  /// What it is to whoever wants to take one, or to clean one.
  public enum Condition: String, Sendable, CaseIterable {
    case ready
    /// Somebody is at work on it.
    case making
    /// Nobody is, and what is in it is not known: it came back, or its maker is gone, or something about it has been changed.
    case returned
  }
  public var name: StockName
  public var condition: Condition
  /// Bytes of memory that it has.
  public var allocatedBytes: Int
  /// Somebody has it locked who makes nothing ready: who takes it, or had it.
  public var isHeld: Bool

  public init(_ name: StockName, _ condition: Condition, allocatedBytes: Int, isHeld: Bool = false) {
    self.name = name
    self.condition = condition
    self.allocatedBytes = allocatedBytes
    self.isHeld = isHeld
  }
}

/// What a stock has.
public struct StockContents: Equatable, Sendable {
  /// By name.
  public var files: [StockFile] = []
  /// Names that are none of a stock's: they are left alone.
  public var foreign: [String] = []

  public init(files: [StockFile] = [], foreign: [String] = []) {
    self.files = files
    self.foreign = foreign
  }

  public func count(_ condition: StockFile.Condition, _ kind: StockKind? = nil) -> Int {
    files.count { $0.condition == condition && (kind == nil || $0.name.kind == kind) }
  }

  public var allocatedBytes: Int { files.reduce(0) { $0 +| $1.allocatedBytes } }

  /// With what those will have that somebody is making.
  var bytesToCome: Int {
    files.reduce(0) { $0 +| max($1.allocatedBytes, $1.condition == .making ? $1.name.kind.bytes : 0) }
  }

  /// The kinds that it has files of, the smallest first.
  public var kinds: [StockKind] { Self.sorted(files.map(\.name.kind)) }

  /// Those of which files are ready or being made: what somebody keeps it for. Nothing else says so.
  public var keptKinds: [StockKind] { Self.sorted(files.filter { $0.condition != .returned }.map(\.name.kind)) }

  private static func sorted(_ kinds: [StockKind]) -> [StockKind] {
    Set(kinds).sorted { ($0.bytes, $0.text) < ($1.bytes, $1.text) }
  }
}

extension Stock {
  /// The stock that a directory is, if it has files of one; nil where it has none, or is no directory. `mayBeEmpty`: one that has
  /// nothing at all, and could be one, is a stock from which all has been taken.
  public static func known(at path: String, mayBeEmpty: Bool = false) throws(MemoryError) -> Stock? {
    let names: [String]
    do throws(Errno) {
      names = try Directory(path).names()
    } catch {
      let unread = Unreadable(path, error)
      if unread.isShortage { throw MemoryError(.unread(unread), path: path) }
      return nil
    }
    if names.contains(where: { StockName($0) != nil }) { return try Stock(path) }
    return mayBeEmpty && names.isEmpty ? try possible(at: path) : nil
  }

  private static func possible(at path: String) throws(MemoryError) -> Stock? {
    do throws(MemoryError) {
      return try Stock(path)
    } catch {
      switch error.cause {
      case .wrongFileSystem, .noStock: return nil
      default: throw error
      }
    }
  }

  /// Opens its files that are ready to look at them, but those that are taken meanwhile; `named`: what came before them.
  func readyFiles(
    size: Int?, beside named: NamedFiles, _ looking: Looking
  ) throws(MemoryError) -> [MemoryFile] {
    var files: [MemoryFile] = []
    for ready in try contents().files where ready.condition == .ready {
      do throws(MemoryError) {
        files.append(try MemoryFile(lookingAt: path(of: ready.name), size: size, beside: named, looking))
      } catch {
        if !error.cause.isAbsence { throw error }
      }
    }
    if files.isEmpty { throw MemoryError(.noStock(.noneReady), path: path) }
    return files
  }

  /// Looks at all names. Files that are ready are not opened: who takes one at that moment has it for himself.
  public func contents() throws(MemoryError) -> StockContents {
    let names = try attempting(.inspect, path) { () throws(Errno) in try directory.value.names() }
    var contents = StockContents()
    for text in names {
      guard let name = StockName(text) else {
        contents.foreign.append(text)
        continue
      }
      let place = try place(of: name)
      guard let status = try status(of: name, at: place.value) else { continue }
      if status.kind == .regular {
        contents.files.append(look(name, status, at: place.value))
      } else {
        contents.foreign.append(text)
      }
    }
    contents.files.sort { $0.name.text < $1.name.text }
    contents.foreign.sort()
    return contents
  }

  /// nil: it has gone meanwhile.
  private func status(of name: StockName, at place: borrowing FilePlace) throws(MemoryError) -> FileStatus? {
    do throws(Errno) {
      return try place.status()
    } catch {
      if error == .noEntry { return nil }
      throw MemoryError(.failed(.inspect, error), path: path(of: name))
    }
  }

  private func look(_ name: StockName, _ status: FileStatus, at place: borrowing FilePlace) -> StockFile {
    var file = StockFile(name, .returned, allocatedBytes: status.allocatedBytes)
    if name.state == .ready, isSound(status, name.kind), (try? place.hasAttributes()) != true {
      file.condition = .ready
    } else {
      switch holder(place) {
      case .none: break
      case .worker where mayBeInTheMaking(name, status): file.condition = .making
      case .worker, .other: file.isHeld = true
      }
    }
    return file
  }

  /// Whether who has it locked can be somebody for whom the stock is: as long as it was another's, he could open it.
  private func mayBeInTheMaking(_ name: StockName, _ status: FileStatus) -> Bool {
    status.owner == owner && (name.state == .making || name.state == .returned && status.mode == StockName.mode)
  }

  private enum Holder { case none, worker, other }

  /// Who keeps others from it: by a lock who is at work on it, by a lease for more than a moment only who should not have it. Who
  /// may not look at it is told that nobody does.
  private func holder(_ place: borrowing FilePlace) -> Holder {
    var holder = Holder.none
    // who only looks, as here, has it for a moment, and so has who asks by a lease whether he is alone
    for _ in 0..<5 {
      do throws(Errno) {
        if try place.open(place.look(), .readOnly).lockExclusively() { return .none }
        holder = .worker
      } catch {
        if error != .tryAgain { return .none }
        holder = .other
      }
      Clock.sleep(milliseconds: 1)
    }
    return holder
  }

  /// Whether a file has all that one that is ready has, as far as a moment tells: what it has in it was proven when it was made.
  func isSound(_ status: FileStatus, _ kind: StockKind) -> Bool {
    Soundness(
      isRegular: status.kind == .regular, size: status.size, allocatedBytes: status.allocatedBytes, mode: status.mode,
      names: status.names, owner: status.owner
    ).isMet(by: kind, owner: owner, mostBytes: mostBytes(of: kind))
  }

  /// Of memory that such a file may have: whole huge pages, where a tmpfs has put it into such.
  func mostBytes(of kind: StockKind) -> Int {
    rounded(kind.bytes, up: max(pageSize, TransparentHugePages.unit())) ?? .max
  }
}

/// What is asked of a file that is ready each time that it is looked at: numbers, whoever told them.
struct Soundness: Equatable {
  var isRegular = true
  var size: Int
  var allocatedBytes: Int
  var mode: UInt32 = StockName.mode
  var names = 1
  var owner: UInt32

  /// `owner`: whose the stock is.
  func isMet(by kind: StockKind, owner: UInt32, mostBytes: Int) -> Bool {
    isRegular && size == kind.bytes && (size...max(size, mostBytes)).contains(allocatedBytes) && mode == StockName.mode
      && names == 1
      && self.owner == owner
  }
}

extension StockName {
  /// Permission bits of a stock's files: their owner's alone.
  static let mode: UInt32 = 0o600
}

extension MemoryError.Cause {
  /// That a name has gone between two looks at it.
  fileprivate var isAbsence: Bool {
    switch self {
    case .missing, .failed(.open, .noEntry), .failed(.open, .stale): true
    default: false
    }
  }
}
