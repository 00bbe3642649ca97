public import LinuxSystem

/// Which file it is, whatever it is called, so that two names of one are known without comparing each with each. Names are
/// bytes.
public enum FileIdentity: Hashable, Sendable {
  case file(device: UInt64, inode: UInt64)
  /// There is none yet: the name in its directory.
  case place(device: UInt64, inode: UInt64, name: [UInt8])

  /// Of an open file.
  public init(_ status: FileStatus) { self = .file(device: status.device, inode: status.inode) }

  /// Of what was found at a place; `found` nil: there is nothing yet.
  public init(_ found: FileStatus?, at place: borrowing FilePlace) throws(Errno) {
    if let found {
      self.init(found)
    } else {
      let directory = try place.directoryStatus()
      self = .place(device: directory.device, inode: directory.inode, name: place.nameBytes)
    }
  }

  /// Of what a name leads to now, through links; nil where that cannot be looked at.
  public init?(named path: String) {
    do throws(Errno) {
      switch try NameTarget(of: path) {
      case .descriptor(let number): self.init(try FileStatus(of: number))
      case .place(let place): try self.init(place.value.lookIfAny()?.value.status(), at: place.value)
      }
    } catch {
      return nil
    }
  }
}

/// The files that a job has named so far: naming one of them twice is refused.
public final class NamedFiles {
  private var known = Set<FileIdentity>()

  public init() {}

  /// Before it is locked: a second lock on the same file would be taken for another process's.
  func add(_ file: Owned<FileDescriptor>?, at place: borrowing FilePlace, _ path: String) throws(MemoryError) {
    let identity = try attempting(.inspect, path) { () throws(Errno) in
      try FileIdentity(file?.value.status(), at: place)
    }
    if !known.insert(identity).inserted { throw MemoryError(.namedTwice, path: path) }
  }
}
