import LinuxSystem

/// The library that the loader puts in front of the C library, so that a program's large calls are made parallel.
enum Preload {
  static let name = "libktask-run.so"

  /// Where it is, by its folder from this program's: installed, and where `make` builds it.
  private static let folders = ["../lib/ktask", "../../library"]

  /// Its path; why there is none.
  static func path(_ program: String? = Execution.ownFile()) throws(Failure) -> String {
    guard let program else {
      throw Failure(
        "run", "it is not known where \(name) is: /proc/self/exe cannot be read", remedy: "mount -t proc proc /proc",
        .notSupported)
    }
    let folder = program.utf8.split(separator: UInt8(ascii: "/")).dropLast().compactMap { String($0) }
    let found = folders.map { "/" + (resolved(folder, $0) + [name]).joined(separator: "/") }
    guard let path = found.first(where: { SystemFiles().exists($0) }) else {
      throw Failure(
        "run", "\(name) is not there: neither \(found.map(\.shown).joined(separator: " nor "))",
        remedy: "install ktaskctl with all that belongs to it, or make library", .notSupported)
    }
    // the loader's list has no way to write these
    if path.utf8.contains(where: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ":") }) {
      throw Failure(
        "run", "\(path.shown) has a blank or a colon in it, which LD_PRELOAD cannot name",
        remedy: "install ktaskctl elsewhere", .notSupported)
    }
    return path
  }

  private static func resolved(_ folder: [String], _ way: String) -> [String] {
    way.split(separator: "/").reduce(folder) { $1 == ".." ? Array($0.dropLast()) : $0 + [String($1)] }
  }

  /// Before what the caller has in front already; not twice where this runs under another `ktaskctl run`.
  static func list(_ path: String, before: [UInt8]?) -> [UInt8] {
    let path = Array(path.utf8)
    guard let before, !before.isEmpty else { return path }
    let named = before.split { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: " ") }
    return named.contains(path[...]) ? before : path + [UInt8(ascii: ":")] + before
  }
}
