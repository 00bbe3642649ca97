import LinuxSystem
import MemoryWork

extension Document.Stock {
  /// The stocks that are a mount of hugetlbfs themselves, or a directory in one, or in /dev/shm; what this user may not look into
  /// he has no use for.
  static func all(on mounts: [TopologyReport.Mount]) -> [Document.Stock] {
    (mounts.map(\.path) + ["/dev/shm"]).flatMap { place in
      ([place] + directories(in: place)).compactMap { path in
        let stock = (try? MemoryWork.Stock.known(at: path)) ?? nil
        return stock.flatMap { try? $0.contents() }.map { Document.Stock(path, $0) }
      }
    }
  }

  private static func directories(in place: String) -> [String] {
    guard let directory = try? Directory(place), let names = try? directory.names() else { return [] }
    return names.sorted().filter { name in
      (try? directory.place(of: name).status().kind) == .directory
    }.map { place + "/" + $0 }
  }
}
