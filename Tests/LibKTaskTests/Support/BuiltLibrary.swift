import Foundation
import TestSupport

/// The C library, built from the checkout as `make library` does it, where it is older than its sources.
enum BuiltLibrary {
  static let folder: Result<String, Failure> = {
    let out = Checkout.folder.appending(path: ".build/library").path
    let sources = Checkout.folder.appending(path: "Sources").path
    if isNew("\(out)/libktask.so.1", sources) && isNew("\(out)/libktask.a", sources) { return .success(out) }
    let ended = run(["\(sources)/LibKTask/library.sh", sources, out])
    return ended.status == 0 ? .success(out) : .failure(Failure(ended.text))
  }()

  /// Younger than all that it is made of.
  private static func isNew(_ path: String, _ sources: String) -> Bool {
    guard let built = modified(path) else { return false }
    let folders = ["CLinux", "CKTask", "LinuxSystem", "KTask", "LibKTask"]
    return folders.allSatisfy { folder in
      let files = FileManager.default.enumerator(atPath: "\(sources)/\(folder)")?.compactMap { $0 as? String } ?? []
      return files.allSatisfy { modified("\(sources)/\(folder)/\($0)").map { $0 < built } ?? false }
    }
  }

  private static func modified(_ path: String) -> Date? {
    try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
  }
}

/// A client's source, and what a compiler makes of it.
enum Client {
  static let sources = Checkout.folder.appending(path: "Tests/LibKTaskTests/Clients").path
  static let include = Checkout.folder.appending(path: "Sources/CKTask/include").path

  /// Linked against the shared library, which the program finds where it was built.
  static func linking(_ library: String) -> [String] { ["-L", library, "-Wl,-rpath,\(library)", "-lktask"] }
}
