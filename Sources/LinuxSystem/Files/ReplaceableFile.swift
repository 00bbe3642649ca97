internal import Glibc

/// A regular file whose content is replaced as a whole, or one that is to be made. It is found before there is anything to
/// write: whoever gives its name to something else meanwhile changes nothing for that.
public struct ReplaceableFile: Sendable {
  private let place: Owned<FilePlace>
  /// What is there, open for writing; nil where there is nothing yet.
  private let old: Owned<FileDescriptor>?

  /// What cannot be written is refused now; nothing is changed. `found`: what a look at the place has found.
  public init(_ place: Owned<FilePlace>, _ found: Owned<FileDescriptor>?) throws(Errno) {
    if let found {
      old = Owned(try place.value.open(found.value, .writeOnly))
    } else {
      try place.value.checkMaking()
      old = nil
    }
    self.place = place
  }

  /// Written beside it and renamed, so that whatever fails leaves the old one as it is; where its directory may not be
  /// written, or it is a mount of its own, over it.
  public func replace(by text: String) throws(Errno) {
    do throws(Errno) {
      try makeAnew(text)
    } catch {
      guard let old, [.access, .permission, .readOnly, .busy].contains(error) else { throw error }
      try old.value.overwrite(with: text)
    }
  }

  private func makeAnew(_ text: String) throws(Errno) {
    let temporary = ".ktaskctl-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    // one that takes over another's rights is nobody else's until it has them
    let new = try place.value.makeBeside(temporary, mode: old == nil ? 0o666 : 0o600)
    // gone already once it has taken the name
    defer { place.value.removeBeside(temporary) }
    if let old { new.takeOverRights(of: old.value) }
    try new.writeAll(Array(text.utf8)[...])
    try new.flush()
    try place.value.take(from: temporary)
  }

  /// Removes what has the name now.
  public func remove() throws(Errno) { try place.value.remove(place.value.status()) }
}

extension FileDescriptor {
  /// Mode and owner, as far as may be.
  fileprivate func takeOverRights(of old: borrowing FileDescriptor) {
    var raw = stat()
    guard unsafe fstat(old.number, &raw) == 0 else { return }
    // a file of another group than before must not be open to that group
    let isSameOwner = fchown(number, raw.st_uid, raw.st_gid) == 0
    fchmod(number, raw.st_mode & (isSameOwner ? 0o777 : 0o700))
  }

  fileprivate func overwrite(with text: String) throws(Errno) {
    try resize(to: 0)
    if lseek(number, 0, SEEK_SET) == -1 { throw Errno.current }
    try writeAll(Array(text.utf8)[...])
    try flush()
  }

  /// write(2) until all has been taken; not for what waits for a reader.
  fileprivate func writeAll(_ bytes: ArraySlice<UInt8>) throws(Errno) {
    var rest = bytes
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || Errno.current != .interrupted {
        throw count == 0 ? .noSpace : Errno.current
      }
    }
  }

  /// Throws what a close would tell: some file systems find only then that what was written has no room (close(2)).
  fileprivate func flush() throws(Errno) {
    let copy = dup(number)
    if copy == -1 || close(copy) == -1 { throw Errno.current }
  }
}
