import LinuxSystem
import MemoryWork

extension Document.Stock {
  /// The stocks that are a mount of hugetlbfs themselves, or a directory in one or in /dev/shm, two deep at most; what this user
  /// may not look into he has no use for. Throws where this process lacks what it takes to look.
  static func all(on mounts: [TopologyReport.Mount]) throws(Unreadable) -> [Document.Stock] {
    var stocks: [Document.Stock] = []
    // one is mounted in another
    var seen = Set<String>()
    for place in mounts.map(\.path) + ["/dev/shm"] {
      for path in try directories(at: place, deep: 2) where seen.insert(path).inserted {
        if let contents = try contents(of: path) { stocks.append(Document.Stock(path, contents)) }
      }
    }
    return stocks
  }

  private static func contents(of path: String) throws(Unreadable) -> StockContents? {
    do throws(MemoryError) {
      return try MemoryWork.Stock.known(at: path)?.contents()
    } catch {
      if let errno = error.errno { try throwShortage(errno, path) }
      return nil
    }
  }

  private static func directories(at place: String, deep: Int) throws(Unreadable) -> [String] {
    var all = [place]
    if deep == 0 { return all }
    for directory in try directories(in: place) { all += try directories(at: directory, deep: deep - 1) }
    return all
  }

  private static func directories(in place: String) throws(Unreadable) -> [String] {
    var found: [String] = []
    do throws(Errno) {
      let directory = try Directory(place)
      for name in try directory.names().sorted() {
        // one may have gone meanwhile
        let place = try directory.place(of: name)
        if (try? place.status().kind) == .directory { found.append(name) }
      }
    } catch {
      try throwShortage(error, place)
    }
    return found.map { place + "/" + $0 }
  }

  private static func throwShortage(_ errno: Errno, _ path: String) throws(Unreadable) {
    let unread = Unreadable(path, errno)
    if unread.isShortage { throw unread }
  }
}
