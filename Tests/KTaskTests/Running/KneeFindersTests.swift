import LinuxSystem
import Testing

@testable import KTask

@Suite("The finders of a task")
struct KneeFindersTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var sizes: [Int]
    var nodes: [Int?]
    var threads: Int
    var alignment = 1
    /// Of each finder.
    var expected: [Int]
  }
  static let cases = [
    Case(testDescription: "one for each node", sizes: [80, 80], nodes: [0, 1], threads: 4, expected: [2, 2]),
    Case(testDescription: "by what each has to do", sizes: [30, 90], nodes: [1, 0], threads: 4, expected: [1, 3]),
    Case(
      testDescription: "one for all parts of a node", sizes: [40, 80, 40], nodes: [0, 1, 0], threads: 4,
      expected: [2, 2]),
    Case(
      testDescription: "one for what is on no node", sizes: [80, 80], nodes: [nil, 1], threads: 4, expected: [2, 2]),
    Case(testDescription: "none for a node without work", sizes: [80, 0], nodes: [0, 1], threads: 4, expected: [4]),
    Case(
      testDescription: "one for all where a node has no thread", sizes: [80, 80, 80], nodes: [0, 1, 2], threads: 2,
      expected: [2]),
    Case(
      testDescription: "one for all where threads have few chunks", sizes: [80, 80], nodes: [0, 1], threads: 4,
      alignment: 8, expected: [4]),
  ]

  @Test("are", arguments: cases)
  func finders(of task: Case) {
    let machine = Machine.sixteen
    let seating = Seating(
      sizes: task.sizes, nodes: task.nodes, machine, within: machine.topology.onlineCPUs, home: 0, threads: task.threads
    )
    let finders = KneeFinders(seating, [], alignment: task.alignment)
    #expect(finders.all.map { $0.helpers.count + ($0.hasCaller ? 1 : 0) } == task.expected)
    #expect(finders.all.count { $0.hasCaller } == 1)
    #expect(finders.all.flatMap(\.helpers).sorted() == Array(1..<task.threads))
    #expect(finders.areSeveral == (task.expected.count > 1))
  }
}
