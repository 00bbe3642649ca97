import KTask
import Synchronization
import Testing

/// A list's node. The engine sees its address only.
private struct ListNode: ~Copyable {
  let number: Int
  let next: Place
  let visits = Atomic<Int>(0)
  let undone = Atomic<Int>(0)
}

/// A position in a list: a node, or the end.
@safe
private struct Place: BitwiseCopyable, Equatable {
  private let node: UnsafeMutablePointer<ListNode>?

  init(_ node: UnsafeMutablePointer<ListNode>?) { unsafe self.node = unsafe node }

  static func == (a: Place, b: Place) -> Bool { unsafe a.node == b.node }

  static var end: Place { unsafe Place(nil) }
  var next: Place { unsafe node!.pointee.next }
  var number: Int { unsafe node!.pointee.number }
  var visits: Int { unsafe node!.pointee.visits.load(ordering: .relaxed) }
  var undone: Int { unsafe node!.pointee.undone.load(ordering: .relaxed) }
  func visit() { unsafe node!.pointee.visits.add(1, ordering: .relaxed) }
  func undo() { unsafe node!.pointee.undone.add(1, ordering: .relaxed) }

  /// The places from here to `end`.
  func upTo(_ end: Place) -> UnfoldFirstSequence<Place>? {
    self == end ? nil : sequence(first: self) { $0.next == end ? nil : $0.next }
  }
}

private struct ListIterator: PositionIterator {
  static var isRandomAccess: Bool { false }

  func position(_ units: Int, after position: Place) -> Place {
    (0..<units).reduce(position) { place, _ in place.next }
  }
}

/// Visits each node of a list; a chunk with a bad one fails and has visited none.
@safe
private final class ListWork: TaskWork, @unchecked Sendable {
  // @unchecked: the nodes are linked before the start; only their atomic counts change.
  let iterator = ListIterator()
  private let bad: Set<Int>
  private let nodes: UnsafeMutablePointer<ListNode>
  private let size: Int

  /// A list of `size` nodes that do not lie in memory in its order.
  init(size: Int, bad: Set<Int> = []) {
    self.bad = bad
    self.size = size
    unsafe nodes = .allocate(capacity: size)
    // a prime step reaches every place once, in lists that are no multiple of it
    let node = unsafe { [nodes] number in unsafe number < size ? nodes + number * 7919 % size : nil }
    for number in 0..<size {
      unsafe node(number)!.initialize(to: ListNode(number: number, next: unsafe Place(node(number + 1))))
    }
  }

  deinit {
    unsafe nodes.deinitialize(count: size)
    unsafe nodes.deallocate()
  }

  var head: Place { unsafe Place(nodes) }

  func run(from start: Place, to end: Place) throws(Trouble) {
    guard let places = start.upTo(end) else { return }
    for place in places where bad.contains(place.number) { throw Trouble(position: place.number) }
    for place in places { place.visit() }
  }

  func undo(from start: Place, to end: Place) {
    for place in start.upTo(end)! { place.undo() }
  }

  /// How often the nodes were visited and undone, in the list's order.
  var counts: [(visits: Int, undone: Int)] { head.upTo(.end)!.map { ($0.visits, $0.undone) } }
}

@Suite("A linked list")
struct OpaquePositionTests {
  private func control(threads: Int) -> TaskControl {
    var control = TaskControl.madeUp(minimumChunk: 3, threads: .exactly(threads))
    control.maximumChunk = 20
    control.alignment = 5
    return control
  }

  @Test("has each of its nodes done once, whatever the threads", arguments: [1, 2, 3, 8, 16])
  func isDoneOnce(threads: Int) throws {
    for size in [1, 2, 19, 20, 21, 1000] {
      let work = ListWork(size: size)
      let outcome = try control(threads: threads).run(work, start: work.head, size: size)
      #expect(outcome.end == .finished)
      #expect(outcome.unitsDone == size)
      #expect(work.counts.map(\.visits) == Array(repeating: 1, count: size))
    }
  }

  @Test("may be done in part: the engine never steps beyond the size")
  func isDoneInPart() throws {
    let work = ListWork(size: 100)
    let outcome = try control(threads: 4).run(work, start: work.head, size: 33)
    #expect(outcome.unitsDone == 33)
    #expect(work.counts.map(\.visits) == Array(repeating: 1, count: 33) + Array(repeating: 0, count: 67))
  }

  @Test("has each finished node undone once after a failure", arguments: [0, 1, 4, 5, 250, 500, 998, 999])
  func isUndone(bad: Int) throws {
    for threads in [1, 2, 5, 16] {
      let work = ListWork(size: 1000, bad: [bad, 600])
      let outcome = try control(threads: threads).run(work, start: work.head, size: 1000)
      #expect(outcome.end == .failed)
      #expect(outcome.failures.allSatisfy { [bad, 600].contains($0.error.position) })
      #expect(outcome.failures.allSatisfy { $0.start.number == $0.offset && $0.units <= 20 })
      #expect(work.counts.allSatisfy { $0.visits == $0.undone && $0.visits <= 1 })
      #expect(outcome.unitsUndone == work.counts.reduce(0) { $0 + $1.undone })
    }
  }
}
