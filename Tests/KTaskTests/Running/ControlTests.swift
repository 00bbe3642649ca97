import KTask
import Testing

@Suite("A control object or a task that makes no sense is refused, and nothing is done")
struct ControlTests {
  private func error(
    sizes: [Int] = [10], _ change: (inout TaskControl) -> Void = { _ in }
  ) -> TaskControlError? {
    var control = TaskControl.madeUp()
    change(&control)
    let work = RecordedWork()
    do throws(TaskControlError) {
      _ = try control.run(work, nodeTasks: sizes.map { NodeTask(start: 0, size: $0) })
      return nil
    } catch {
      #expect(work.record.events.finished.isEmpty)
      #expect(control.budget.running() == 0)
      return error
    }
  }

  @Test("a minimum chunk below 1", arguments: [0, -1, Int.min])
  func minimumChunk(units: Int) { #expect(error { $0.minimumChunk = units } == .minimumChunkBelowOne) }

  @Test("a maximum chunk below the minimum", arguments: [99, 0, -1, Int.min])
  func maximumChunk(units: Int) {
    let error = error {
      $0.minimumChunk = 100
      $0.maximumChunk = units
    }
    #expect(error == .maximumChunkBelowMinimum)
  }

  @Test("an alignment below 1", arguments: [0, -1, Int.min])
  func alignment(units: Int) { #expect(error { $0.alignment = units } == .alignmentBelowOne) }

  @Test("a number of threads below 1", arguments: [0, -1, Int.min])
  func threads(count: Int) {
    #expect(error { $0.maximumThreads = count } == .threadsBelowOne)
    #expect(error { $0.threads = .exactly(count) } == .threadsBelowOne)
  }

  @Test("a negative size, and which it was", arguments: [-1, Int.min])
  func negativeSize(size: Int) {
    #expect(error(sizes: [size]) == .negativeSize(nodeTask: 0))
    #expect(error(sizes: [3, 0, size, 5]) == .negativeSize(nodeTask: 2))
  }

  @Test("sizes that do not add up within Int")
  func overflow() {
    #expect(error(sizes: [Int.max, 1]) == .sizeOverflow)
    #expect(error(sizes: [Int.max / 2 + 1, Int.max / 2 + 1, 0]) == .sizeOverflow)
    #expect(error(sizes: [1, Int.max, -1]) == .sizeOverflow)
  }

  @Test("while the least and the most that make sense are not")
  func sense() {
    #expect(error() == nil)
    #expect(error(sizes: [0, 0]) == nil)
    let huge = error(sizes: [Int.max]) {
      $0.minimumChunk = .max
      $0.alignment = .max
      $0.threads = .exactly(.max)
    }
    #expect(huge == nil)
  }
}
