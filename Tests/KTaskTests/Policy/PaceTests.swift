import Glibc
import LinuxSystem
import Synchronization
import Testing

@testable import KTask

/// Chunks by the clock: arithmetic first, then real threads whose units take a known time.
@Suite("A thread's pace")
struct PaceTests {
  /// 5 to 50 ms; units of 10 in a task of up to 6400 at a time.
  private static func next(_ units: Int, _ nanosecondsPerUnit: Double) -> Int {
    Pace.next(units, nanosecondsPerUnit: nanosecondsPerUnit, time: .usual, alignment: 10, most: 6400)
  }

  @Test(
    "keeps what takes the right time, and goes to the middle of it from anywhere else",
    arguments: [
      // units, nanoseconds a unit, the next chunk: 5, 50 and in between stay; √(5·50) = 15.8 ms is the middle
      (100, 50_000.0, 100), (100, 500_000, 100), (100, 200_000, 100),
      (100, 1_000_000, 10), (100, 600_000, 20), (100, 100_000_000, 10), (10, 1e12, 10),
      (100, 40_000, 390), (100, 10_000, 800), (100, 1, 800), (5000, 1, 6400), (6400, 0.001, 6400),
    ])
  func keepsTime(units: Int, nanosecondsPerUnit: Double, next: Int) {
    #expect(Self.next(units, nanosecondsPerUnit) == next)
  }

  @Test("never leaves the alignment and the most, over a net of numbers that includes the ends of Int")
  func staysWithin() {
    for alignment in [1, 4096, 1 << 30] {
      for most in [alignment, 64 * alignment, Int.max / alignment * alignment] {
        for units in [alignment, most] {
          for pace in [1e-12, 0.03, 1, 1e6, 1e15] {
            let next = Pace.next(units, nanosecondsPerUnit: pace, time: .usual, alignment: alignment, most: most)
            #expect(next >= alignment && next <= most && next % alignment == 0, "\([alignment, most, units]) \(pace)")
          }
        }
      }
    }
  }

  @Test("begins with a small part, and takes all of the most at once where there is no choice or no clock")
  func begins() {
    let pace = { (most: Int, alignment: Int, time: ChunkTime?) in
      Pace(most: most, alignment: alignment, threads: 2, time: time).wanted(of: 1 << 40)
    }
    #expect(pace(128 << 20, 4096, .usual) == 2 << 20)
    #expect(pace(128 << 20, 2 << 20, .usual) == 2 << 20)
    #expect(pace(1 << 30, 1 << 30, .usual) == 1 << 30)
    #expect(pace(128 << 20, 4096, nil) == 128 << 20)
    #expect(pace(63, 1, .usual) == 1)
  }

  @Test(
    "takes no more than half a share of the rest, not less than an eighth of what it might, and all of it alone",
    arguments: [
      // threads, rest, taken of 64 units
      (2, 1000, 64), (2, 256, 64), (2, 200, 50), (4, 200, 25), (2, 40, 10), (2, 8, 8), (2, 1, 8), (1, 50, 50),
      (1, 500, 64),
    ])
  func endsTogether(threads: Int, rest: Int, taken: Int) {
    var pace = Pace(most: 64 * 64, alignment: 1, threads: threads, time: .usual)
    #expect(pace.units == 64)
    pace.start()
    #expect(pace.wanted(of: rest) == taken)
  }

  @Test("begins with no more than a thread is worth its while for, however much there is")
  func beginsSmall() {
    #expect(Pace(most: 1 << 40, first: 100, alignment: 1, threads: 2, time: .usual).units == 100)
    #expect(Pace(most: 1 << 40, first: 100, alignment: 64, threads: 2, time: .usual).units == 64)
    #expect(Pace(most: 6400, first: 1 << 40, alignment: 1, threads: 2, time: .usual).units == 100)
  }

  /// Whoever sleeps never wakes too early: what is asserted are bounds that no busy machine breaks.
  @Test("makes chunks of slow units as long as they should be, whatever R2 says", arguments: [1, 2])
  func slowUnits(threads: Int) throws {
    let work = RecordedWork { chunk in usleep(UInt32(2000 * chunk.count)) }
    var control = TaskControl.madeUp(minimumChunk: 400, threads: .exactly(threads))
    control.chunkTime = ChunkTime(shortest: 1_000_000, longest: 20_000_000)
    let outcome = try control.run(work, start: 0, size: 400)
    #expect(outcome.end == .finished)
    #expect(outcome.chunk >= 200)
    let lengths = work.record.events.finished.map(\.count)
    #expect(lengths.reduce(0, +) == 400)
    // 2 ms a unit at least: ten of them are 20 ms
    #expect(lengths.allSatisfy { $0 <= 10 }, "\(lengths)")
    #expect(outcome.chunk == control.chunk(size: 400, threads: threads))
  }

  @Test("makes no chunk smaller than the alignment, but for the last of a node task", arguments: [1, 7, 64])
  func keepsAlignment(alignment: Int) throws {
    let work = RecordedWork { _ in usleep(3000) }
    var control = TaskControl.madeUp(threads: .exactly(3))
    control.alignment = alignment
    control.chunkTime = ChunkTime(shortest: 1, longest: 2)
    let size = 20 * alignment + alignment / 2
    #expect(try control.run(work, start: 0, size: size).end == .finished)
    let ends = work.record.events.finished.map(\.upperBound)
    #expect(ends.allSatisfy { $0 % alignment == 0 || $0 == size })
    #expect(ends.count == 20 + (alignment > 1 ? 1 : 0))
  }

  @Test("takes fast units by the thousand")
  func fastUnits() throws {
    let work = RecordedWork()
    var control = TaskControl.madeUp(threads: .exactly(2))
    control.chunkTime = .usual
    let outcome = try control.run(work, start: 0, size: 1 << 30)
    #expect(outcome.unitsDone == 1 << 30)
    #expect(work.record.events.finished.count < 300)
  }
}

/// R8 where nothing may be lent.
@Suite("The guard of the tail")
struct TailGuardTests {
  @Test(
    "lets a helper take what it ends before the caller would have done all the rest",
    arguments: [
      // units, the helper's pace, units left, the caller's pace
      (10, 5.0, 100, 1.0, true), (10, 10, 100, 1, true), (10, 11, 100, 1, false), (10, 1, 5, 1, true),
      (10, 1.01, 5, 1, false), (1, 1e9, 1 << 40, 1, true), (1, 0, 1, 1, true), (1, 1e9, 1, 0, true),
    ] as [(Int, Double, Int, Double, Bool)])
  func rule(units: Int, pace: Double, left: Int, callers: Double, isAllowed: Bool) {
    #expect(TailGuard.allows(units, nanosecondsPerUnit: pace, left: left, callers: callers) == isAllowed)
  }

  /// 40 units are left; helpers take eight at a time.
  @Test(
    "is asked before every chunk of a helper, with the paces that the last chunks had, and never of the caller",
    arguments: [
      // the helper's pace, the caller's pace, whether it takes more
      (0.0, 0.0, true), (50_000, 0, true), (0, 1000, true), (1000, 1000, true), (5000, 1000, true),
      (5001, 1000, false), (50_000, 1000, false), (50_000, 10_000, true),
    ] as [(Double, Double, Bool)])
  func isAsked(pace: Double, callers: Double, takesMore: Bool) {
    let tail = UnsafeMutablePointer<TailGuard>.allocate(capacity: 1)
    unsafe tail.initialize(to: TailGuard(units: 100))
    let records = SpacedArray<ThreadRecord<Int, Trouble>>(2)
    for index in 0..<2 {
      let even = Pace(most: 8, alignment: 8, threads: 2, time: .usual, isAsked: true)
      unsafe records[index].initialize(
        to: ThreadRecord(nodeTask: 0, number: index, pace: even, tail: UnsafePointer(tail)))
    }
    unsafe ThreadRecord.taken(60, in: records[0])
    unsafe tail.pointee.publish(callers)
    for index in 0..<2 { unsafe records[index].pointee.pace.nanosecondsPerUnit = pace }
    #expect(unsafe ThreadRecord.wanted(of: 40, in: records[1]) == (takesMore ? 8 : 0))
    #expect(unsafe records[1].pointee.hasRetired == !takesMore)
    #expect(unsafe ThreadRecord.wanted(of: 40, in: records[0]) == 8)
    #expect(unsafe !records[0].pointee.hasRetired)
    for index in 0..<2 { unsafe records[index].deinitialize(count: 1) }
    unsafe tail.deinitialize(count: 1)
    unsafe tail.deallocate()
  }

  @Test("knows the caller's pace by its chunks, and nothing of the helpers'")
  func knowsTheCaller() {
    let tail = UnsafeMutablePointer<TailGuard>.allocate(capacity: 1)
    unsafe tail.initialize(to: TailGuard(units: 100))
    for isHelper in [true, false] {
      let records = SpacedArray<ThreadRecord<Int, Trouble>>(1)
      var pace = Pace(most: 8, alignment: 8, threads: 2, time: .usual, isAsked: true)
      pace.start()
      unsafe records[0].initialize(
        to: ThreadRecord(nodeTask: 0, number: isHelper ? 1 : 0, pace: pace, tail: UnsafePointer(tail)))
      unsafe ThreadRecord.finished(8, in: records[0])
      let known = unsafe Double(bitPattern: tail.pointee.callersPace.load(ordering: .relaxed))
      let own = unsafe records[0].pointee.pace.nanosecondsPerUnit
      #expect(own > 0 && known == (isHelper ? 0 : own))
      unsafe records[0].deinitialize(count: 1)
    }
    unsafe tail.deinitialize(count: 1)
    unsafe tail.deallocate()
  }

  /// The caller takes 1 ms a unit, each helper 50: after its first chunk it must not begin one that the caller would
  /// wait for. How much longer the caller took for one on a busy machine is measured here, too.
  @Test("keeps slow helpers from being waited for, and nothing is left undone", arguments: [2, 4])
  func slowHelpers(threads: Int) throws {
    let starts = Guarded<[Int: [(unit: Int, at: ContinuousClock.Instant)]]>([:])
    let caller = DetachedThread.currentID
    let done = UnitCounts(400)
    let work = RecordedWork { chunk in
      let thread = DetachedThread.currentID
      starts.withLock { $0[thread, default: []].append((chunk.lowerBound, .now)) }
      usleep(UInt32(chunk.count * (thread == caller ? 1000 : 50_000)))
      done.add(chunk)
    }
    var control = TaskControl.madeUp(threads: .exactly(threads))
    control.maximumChunk = 1
    control.chunkTime = .usual
    control.lendsPriority = false
    let outcome = try control.run(work, start: 0, size: 400)
    #expect(outcome.priority == HelperPriority(nice: 19, tail: .retires))
    #expect(outcome.lent == 0)
    #expect(done.all == Array(repeating: 1, count: 400))
    // at its slowest, from one start to the next, the caller would have done all the rest sooner than the helper one unit;
    // a helper's first chunk may come at any time
    let began = starts.withLock { $0 }
    let callers = (began[caller] ?? []).map(\.at)
    let slowest = zip(callers, callers.dropFirst()).map { $1 - $0 }.max() ?? .seconds(1)
    let late = began.filter { $0.key != caller }.values.flatMap { $0.dropFirst() }
      .map(\.unit).filter { slowest * (400 - $0) < .milliseconds(50) }
    #expect(late.isEmpty, "\(late), where the caller took \(slowest) for one")
  }
}
