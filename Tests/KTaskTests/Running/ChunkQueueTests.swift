import Testing

@testable import KTask

/// A node task cut into chunks, without threads.
@Suite("A node task's chunks")
struct ChunkQueueTests {
  private func queue(start: Int = 0, size: Int, alignment: Int = 1) -> ChunkQueue<IntegerIterator<Int>> {
    ChunkQueue(NodeTask(start: start, size: size), iterator: IntegerIterator(), alignment: alignment, threads: 1)
  }

  private func chunks(start: Int, size: Int, chunk: Int, alignment: Int) -> [Range<Int>] {
    let queue = queue(start: start, size: size, alignment: alignment)
    var chunks: [Range<Int>] = []
    while let next = queue.take(chunk, by: 0) { chunks.append(next.start..<next.end) }
    #expect(queue.remaining() == 0)
    #expect(queue.handedOut() == (size, start + size))
    return chunks
  }

  @Test(
    "end at multiples of the alignment, the first being shorter where the start is none",
    arguments: [
      (0, 12, 4, 4, [0..<4, 4..<8, 8..<12]), (0, 10, 4, 4, [0..<4, 4..<8, 8..<10]),
      (3, 10, 4, 4, [3..<4, 4..<8, 8..<12, 12..<13]), (-3, 10, 4, 4, [-3..<0, 0..<4, 4..<7]),
      (5, 10, 8, 4, [5..<12, 12..<15]), (5, 0, 8, 4, []), (7, 1, 8, 8, [7..<8]), (1, 3, 1, 1, [1..<2, 2..<3, 3..<4]),
    ] as [(Int, Int, Int, Int, [Range<Int>])])
  func endAligned(start: Int, size: Int, chunk: Int, alignment: Int, expected: [Range<Int>]) {
    #expect(chunks(start: start, size: size, chunk: chunk, alignment: alignment) == expected)
  }

  @Test("are one when the chunk is as large as the node task, wherever it starts", arguments: 0..<20)
  func areOne(start: Int) {
    #expect(chunks(start: start, size: 16, chunk: 16, alignment: 8) == [start..<start + 16])
  }

  @Test("fit into Int, up to the last unit there can be", arguments: [1, 2, 8])
  func fitIntoInt(alignment: Int) {
    let chunk = 1 << 60
    for start in [-1, 0] {
      let found = chunks(start: start, size: Int.max, chunk: chunk, alignment: alignment)
      #expect(found.first?.lowerBound == start)
      #expect(found.last?.upperBound == start + Int.max)
      #expect(zip(found, found.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    }
  }

  @Test("are handed out no more once the queue is closed, and what was handed out is known")
  func areWithheld() {
    let queue = queue(start: 3, size: 97, alignment: 10)
    for _ in 0..<3 { _ = queue.take(10, by: 0) }
    #expect(queue.remaining() == 70)
    queue.close()
    #expect(queue.take(10, by: 0) == nil)
    #expect(queue.remaining() == 0)
    queue.close()
    #expect(queue.handedOut() == (27, 30))
  }

  @Test("are all of them handed out when the queue is closed after the last")
  func areAllHandedOut() {
    let queue = queue(size: 25)
    while queue.take(10, by: 0) != nil {}
    queue.close()
    #expect(queue.handedOut() == (25, 25))
  }

  /// R5, as it happens between one thread's failure and another's next look, without the luck of threads.
  @Test("are handed out no more after one has failed")
  func endWithAFailure() {
    let queue = queue(size: 100)
    let work = RecordedWork { chunk throws(Trouble) in throw Trouble(position: chunk.lowerBound) }
    let stop = SpacedArray<StopFlag>(1)
    unsafe stop[0].initialize(to: StopFlag())
    let records = SpacedArray<ThreadRecord<Int, Trouble>>(2)
    let pace = Pace(most: 10, alignment: 1, threads: 2, time: nil)
    for index in 0..<2 { unsafe records[index].initialize(to: ThreadRecord(nodeTask: 0, number: index, pace: pace)) }

    // a third thread has the first chunk in hand while the first fails on the second
    #expect(queue.take(10, by: 0)?.units == 10)
    unsafe work._drain(queue, records[0], stop[0])
    unsafe work._drain(queue, records[1], stop[0])
    #expect(queue.take(10, by: 0) == nil)
    #expect(work.record.events.failed == [10..<20])
    #expect(work.record.events.finished.isEmpty)
    #expect(queue.handedOut() == (20, 20))
    unsafe #expect(records[0].pointee.failure?.error == Trouble(position: 10))
    unsafe #expect(records[1].pointee.chunks == 0)
  }
}
