// The toolchain's overlay of the C library, which it does not have for Embedded Swift: as much of it as the library's
// sources use. Not part of the package; `make library` builds it.
// The names are the C library's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

@_exported public import CGlibc

public var errno: Int32 {
  get { unsafe __errno_location().pointee }
  set { unsafe __errno_location().pointee = newValue }
}

public var S_IFMT: mode_t { 0o170000 }
public var S_IFSOCK: mode_t { 0o140000 }
public var S_IFLNK: mode_t { 0o120000 }
public var S_IFREG: mode_t { 0o100000 }
public var S_IFBLK: mode_t { 0o060000 }
public var S_IFDIR: mode_t { 0o040000 }
public var S_IFCHR: mode_t { 0o020000 }
public var S_IFIFO: mode_t { 0o010000 }
public var S_ISVTX: mode_t { 0o1000 }
public var MAP_FAILED: UnsafeMutableRawPointer? { unsafe UnsafeMutableRawPointer(bitPattern: -1) }

public func open(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
  unsafe openat(AT_FDCWD, path, flags, mode)
}

public func openat(_ directory: Int32, _ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 {
  unsafe glibc_openat(directory, path, flags, mode)
}

public func fcntl(_ number: Int32, _ command: Int32, _ argument: Int32) -> Int32 {
  glibc_fcntl(number, command, argument)
}
