/// Unmeasured runs until two that follow each other agree: where a host gives a virtual machine its memory only when that is
/// first used, the first runs measure the host.
struct WarmUp: Equatable, Sendable {
  /// At most so many, the last not agreeing with the one before it.
  static let most = 5
  /// Runs agree that differ by no more than this share of the faster one.
  static let agreement = 0.1

  private(set) var times: [Double] = []

  var haveAgreed: Bool {
    guard let last = times.last, let before = times.dropLast().last else { return false }
    return max(last, before) <= min(last, before) * (1 + Self.agreement)
  }

  var isOver: Bool { haveAgreed || times.count >= Self.most }

  mutating func note(_ seconds: Double) { times.append(seconds) }
}
