import MemoryWork

extension StockRefusal {
  var sentence: String {
    switch self {
    case .othersMayWrite(let mode):
      "is no stock: others than its owner may put files into it (mode \(String(mode, radix: 8)))"
    case .othersOwn(let user): "is no stock for this user: it is user \(user)'s"
    case .otherMount(let stock): "lies on another mount than \(stock.shown), so that a rename does not take it there"
    case .otherNames(let count): "has \(count) names: by another one it would stay in reach"
    case .noneReady: "is a stock without any file that is ready"
    }
  }

  /// `path`: what was refused.
  func remedy(_ path: String) -> String? {
    switch self {
    case .othersMayWrite: "chmod 700 \(quotedFile(path))"
    case .othersOwn: nil
    case .otherMount, .otherNames: "ktaskctl release --unlink \(quotedFile(path))"
    case .noneReady: "ktaskctl stock \(quotedFile(path))"
    }
  }
}
