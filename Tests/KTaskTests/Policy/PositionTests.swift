import KTask
import Testing

@Suite("Integers as positions")
struct PositionTests {
  @Test("step through a node task longer than their type's largest number, as long as it ends within the type")
  func longerThanTheType() throws {
    let small = IntegerIterator<Int8>()
    #expect(small.position(200, after: -100) == 100)
    #expect(small.position(255, after: -128) == 127)
    #expect(IntegerIterator<UInt8>().position(255, after: 0) == 255)
    #expect(IntegerIterator<UInt64>().position(.max, after: 1 << 63) == .max)
    #expect(IntegerIterator<Int128>().position(.max, after: -1) == Int128(Int.max) - 1)
  }

  @Test("of any width say how far they lie past a boundary")
  func misalignment() {
    #expect(IntegerIterator<Int8>().misalignment(of: -100, to: 1000) == 900)
    #expect(IntegerIterator<Int8>().misalignment(of: 100, to: 7) == 2)
    #expect(IntegerIterator<Int8>().misalignment(of: -128, to: .max) == Int.max - 128)
    #expect(IntegerIterator<Int>().misalignment(of: -1, to: .max) == Int.max - 1)
    #expect(IntegerIterator<Int>().misalignment(of: .min, to: 10) == 2)
    #expect(IntegerIterator<UInt64>().misalignment(of: 1 << 63 + 5, to: 8) == 5)
    #expect(IntegerIterator<UInt64>().misalignment(of: .max, to: .max) == 1)
    #expect(IntegerIterator<Int128>().misalignment(of: -(1 << 100) - 1, to: 16) == 15)
  }

  @Test("of eight bits have each of their units done once", arguments: [1, 3, 1000])
  func areDoneOnce(alignment: Int) throws {
    var control = TaskControl.madeUp(minimumChunk: 7, threads: .exactly(4))
    control.maximumChunk = 20
    control.alignment = alignment
    let work = ByteWork()
    let outcome = try control.run(work, start: -100, size: 200)
    #expect(outcome.end == .finished)
    #expect(work.counts.all == Array(repeating: 1, count: 200))
  }
}

private struct ByteWork: TaskWork {
  let iterator = IntegerIterator<Int8>()
  let counts = UnitCounts(200)

  func run(from start: Int8, to end: Int8) { counts.add(Int(start) + 100..<Int(end) + 100) }
}
