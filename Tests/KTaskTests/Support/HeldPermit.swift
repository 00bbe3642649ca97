@testable import KTask

/// A helper's permit that can be kept in an array.
final class HeldPermit: @unchecked Sendable {
  // @unchecked: no two threads of a test touch it at once.
  private var permit: HelperPermit
  init(_ permit: consuming HelperPermit) { self.permit = permit }
  var node: Int? { permit.node }
  func move(to node: Int?) { permit.move(to: node) }
}

extension HelperBudget {
  /// A permit, if there is one left.
  func heldPermit(on node: Int?) -> HeldPermit? {
    guard let permit = permit(on: node) else { return nil }
    return HeldPermit(permit)
  }
}
