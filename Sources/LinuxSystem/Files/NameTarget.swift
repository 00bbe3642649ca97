internal import Glibc

/// What a name leads to, through symbolic links.
public enum NameTarget: Sendable {
  /// What is no link, or one that the kernel follows by itself: another process's /proc/PID/fd/N. There may be nothing there.
  case place(Owned<FilePlace>)
  /// One of this process's own descriptors: /dev/stdout, /dev/fd/N, /proc/self/fd/N.
  case descriptor(Int32)

  /// Follows no more links than the kernel does, each from the directory that it was found in, and none of another user but root
  /// (EACCES): whoever may put a link there would choose what is overwritten.
  public init(of path: String) throws(Errno) {
    var place = Owned(try FilePlace(path))
    for _ in 0..<40 {
      if let number = try place.value.ownDescriptor {
        self = .descriptor(number)
        return
      }
      guard let link = try place.value.link() else {
        self = .place(place)
        return
      }
      place = Owned(try place.value.target(of: link.value))
    }
    throw .loop
  }
}

extension FilePlace {
  /// nil where there is no link, or one that is followed when the place is opened.
  fileprivate func link() throws(Errno) -> Owned<FileDescriptor>? {
    guard let found = try lookIfAny(), try found.value.status().kind == .symbolicLink else { return nil }
    return found
  }
}
