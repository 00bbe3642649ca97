/// Every order in which a model's threads may go on, and every state that it comes to.
struct Exploration {
  typealias State = EngineModel.State

  private let model: EngineModel
  /// Whether all ways from it have been gone.
  private var known: [State: Bool] = [:]
  private var path: [(state: State, thread: Int?, left: [EngineModel.Step])] = []

  private(set) var steps = 0
  /// How many states are an end.
  private(set) var ends = 0
  /// The first promise that is broken, and the way there.
  private(set) var broken: (promise: EnginePromise, way: String)?

  var states: Int { known.count }

  init(_ model: EngineModel) {
    self.model = model
    visit(model.start, by: nil)
    while broken == nil, !path.isEmpty {
      guard let step = path[path.count - 1].left.popLast() else {
        known[path.removeLast().state] = true
        continue
      }
      steps += 1
      switch known[step.state] {
      case nil: visit(step.state, by: step.thread)
      case false?: note(.end)
      case true?: break
      }
    }
    path = []
  }

  private mutating func visit(_ state: State, by thread: Int?) {
    let left = model.steps(from: state)
    known[state] = false
    path.append((state, thread, left))
    if state.isOver { ends += 1 }
    if let promise = model.brokenPromise(in: state, left) { note(promise) }
  }

  private mutating func note(_ promise: EnginePromise) {
    let way = zip(path, path.dropFirst()).map { before, after in
      after.thread.map { "\($0) \(before.state.threads[$0].phase)" } ?? "cancelled"
    }
    broken = (promise, way.joined(separator: ", "))
  }
}
