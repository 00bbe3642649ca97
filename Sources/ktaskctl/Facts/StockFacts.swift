import LinuxSystem
import MemoryWork

extension Document.Stock {
  /// The stocks that are a mount of hugetlbfs themselves, or a directory in one or in /dev/shm, two deep at most; what this user
  /// may not look into he has no use for.
  static func all(on mounts: [TopologyReport.Mount]) -> [Document.Stock] {
    // one is mounted in another
    var seen = Set<String>()
    return (mounts.map(\.path) + ["/dev/shm"]).flatMap { directories(at: $0, deep: 2) }.compactMap { path in
      if !seen.insert(path).inserted { return nil }
      let stock = (try? MemoryWork.Stock.known(at: path)) ?? nil
      return stock.flatMap { try? $0.contents() }.map { Document.Stock(path, $0) }
    }
  }

  private static func directories(at place: String, deep: Int) -> [String] {
    [place] + (deep == 0 ? [] : directories(in: place).flatMap { directories(at: $0, deep: deep - 1) })
  }

  private static func directories(in place: String) -> [String] {
    guard let directory = try? Directory(place), let names = try? directory.names() else { return [] }
    return names.sorted().filter { name in
      (try? directory.place(of: name).status().kind) == .directory
    }.map { place + "/" + $0 }
  }
}
