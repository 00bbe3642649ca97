import LinuxSystem
import Testing

@testable import MemoryWork

/// The arithmetic of a stock, and what its files' names say.
@Suite("A stock")
struct StockTests {
  static let gib = 1 << 30
  static let any = StockKind(bytes: 8 * gib)
  static let bound = StockKind(bytes: 8 * gib, placement: Placement(NodeSet([0])))

  @Test(
    "a name says of a file what it is, and is written in one way",
    arguments: [
      ("ready-8G-any-00c0ffee00c0ffee", StockName(.ready, any, id: 0xc0_ffee_00c0_ffee)),
      ("making-8G-n0-0000000000000001", StockName(.making, bound, id: 1)),
      ("returned-1536M-any-ffffffffffffffff", StockName(.returned, StockKind(bytes: 3 * gib / 2), id: .max)),
      ("ready-4097-any-0000000000000000", StockName(.ready, StockKind(bytes: 4097), id: 0)),
      (
        "ready-1T-thp-i0-3,5-0000000000000002",
        StockName(
          .ready,
          StockKind(
            bytes: 1024 * gib, isTransparent: true, placement: Placement(NodeSet([0, 1, 2, 3, 5]), .interleave)),
          id: 2)
      ),
      (
        "ready-2M-p1-0000000000000003",
        StockName(.ready, StockKind(bytes: 2 << 20, placement: Placement(NodeSet([1]), .preferred)), id: 3)
      ),
      ("ready-7E-any-0000000000000004", StockName(.ready, StockKind(bytes: 7 << 60), id: 4)),
    ] as [(String, StockName)])
  func names(text: String, name: StockName) {
    #expect(StockName(text) == name)
    #expect(name.text == text)
  }

  @Test(
    "names of any other form are none of a stock's",
    arguments: [
      "", "ready", "ready-8G", "ready-8G-any", "ready-8G-any-", "ready-8G-any-1", "ready-8G-any-00c0ffee00c0ffeg",
      "READY-8G-any-00c0ffee00c0ffee", "ready-8g-any-00c0ffee00c0ffee", "ready-8G-any-00C0FFEE00C0FFEE",
      "ready-08G-any-00c0ffee00c0ffee", "ready-1024M-any-00c0ffee00c0ffee", "ready-0-any-00c0ffee00c0ffee",
      "ready--1-any-00c0ffee00c0ffee", "ready-+8G-any-00c0ffee00c0ffee", "ready-8E-any-00c0ffee00c0ffee",
      "ready-99999999999999999999-any-00c0ffee00c0ffee", "ready-8G-n-00c0ffee00c0ffee",
      "ready-8G-n0-0-00c0ffee00c0ffee", "ready-8G-n1-0-00c0ffee00c0ffee", "ready-8G-n00-00c0ffee00c0ffee",
      "ready-8G-n1,0-00c0ffee00c0ffee", "ready-8G-x0-00c0ffee00c0ffee", "ready-8G-n4096-00c0ffee00c0ffee",
      "ready-8G-n0-9999999999-00c0ffee00c0ffee", "ready-8G-any-any-00c0ffee00c0ffee", ".ready-8G-any-00c0ffee00c0ffee",
      "ready-8G-any-00c0ffee00c0ffee~", "ready-8G-thp-00c0ffee00c0ffee", "taken-8G-any-00c0ffee00c0ffee",
    ])
  func foreign(text: String) {
    #expect(StockName(text) == nil)
  }

  @Test("what is asked for is what is taken; who says nothing of nodes takes any")
  func satisfies() {
    let other = StockKind(bytes: 8 * Self.gib, placement: Placement(NodeSet([1])))
    #expect(Self.any.satisfies(Self.any) && Self.bound.satisfies(Self.any) && Self.bound.satisfies(Self.bound))
    #expect(!Self.any.satisfies(Self.bound) && !other.satisfies(Self.bound))
    #expect(!StockKind(bytes: 4 * Self.gib).satisfies(Self.any))
    #expect(!StockKind(bytes: 8 * Self.gib, isTransparent: true).satisfies(Self.any))
  }

  @Test(
    "a file is ready only with all that one that is ready has",
    arguments: [
      (Soundness(size: 8 << 20, allocatedBytes: 8 << 20, owner: 7), true),
      (Soundness(size: 8 << 20, allocatedBytes: 10 << 20, owner: 7), true),
      (Soundness(size: 8 << 20, allocatedBytes: 11 << 20, owner: 7), false),
      (Soundness(isRegular: false, size: 8 << 20, allocatedBytes: 8 << 20, owner: 7), false),
      (Soundness(size: 4 << 20, allocatedBytes: 8 << 20, owner: 7), false),
      (Soundness(size: 16 << 20, allocatedBytes: 16 << 20, owner: 7), false),
      (Soundness(size: 8 << 20, allocatedBytes: 6 << 20, owner: 7), false),
      (Soundness(size: 8 << 20, allocatedBytes: 8 << 20, mode: 0o640, owner: 7), false),
      (Soundness(size: 8 << 20, allocatedBytes: 8 << 20, mode: 0o4600, owner: 7), false),
      (Soundness(size: 8 << 20, allocatedBytes: 8 << 20, names: 2, owner: 7), false),
      (Soundness(size: 8 << 20, allocatedBytes: 8 << 20, owner: 0), false),
    ] as [(Soundness, Bool)])
  func soundness(facts: Soundness, isMet: Bool) {
    #expect(facts.isMet(by: StockKind(bytes: 8 << 20), owner: 7, mostBytes: 10 << 20) == isMet)
  }

  /// A stock with files of those conditions, named so that each is told apart.
  private func stock(_ conditions: [(StockName.State, StockFile.Condition, StockKind)]) -> StockContents {
    StockContents(
      files: conditions.enumerated().map { index, file in
        StockFile(StockName(file.0, file.2, id: UInt64(index)), file.1, allocatedBytes: file.2.bytes)
      })
  }

  /// What a plan does, by the numbers of the files.
  private func numbers(_ plan: StockPlan) -> [[UInt64]] {
    [plan.cleaned.map(\.id), [UInt64(plan.made)], plan.dropped.map(\.id)]
  }

  @Test("dirty files first, then new ones; what nobody needs goes; what others make is waited for by nobody")
  func plans() {
    #expect(numbers(StockPlan(stock([]), Self.any, count: 3)) == [[], [3], []])
    #expect(StockPlan(stock([]), Self.any, count: 0).isEmpty)
    let mixed = stock([
      (.ready, .ready, Self.any), (.making, .making, Self.any), (.making, .returned, Self.any),
      (.returned, .returned, Self.any), (.returned, .making, Self.any), (.ready, .returned, Self.any),
    ])
    // three are there or are being made; the last has been meddled with
    #expect(numbers(StockPlan(mixed, Self.any, count: 3)) == [[], [0], [5, 2, 3]])
    #expect(numbers(StockPlan(mixed, Self.any, count: 4)) == [[2], [0], [5, 3]])
    #expect(numbers(StockPlan(mixed, Self.any, count: 9)) == [[2, 3], [4], [5]])
  }

  @Test("what came back becomes what is wanted of its size; what is of other kinds is left alone")
  func kinds() {
    let small = StockKind(bytes: Self.gib)
    let mixed = stock([
      (.returned, .returned, Self.any), (.making, .returned, Self.any), (.making, .returned, Self.bound),
      (.returned, .returned, small), (.ready, .ready, small), (.ready, .ready, Self.any),
    ])
    #expect(numbers(StockPlan(mixed, Self.bound, count: 3)) == [[0, 2], [1], []])
    // nothing tells whether that one is on node 0: another kind may need it
    #expect(numbers(StockPlan(mixed, Self.bound, count: 0)) == [[], [0], [2]])
    // a maker that is gone left one of a kind that nobody keeps
    #expect(numbers(StockPlan(mixed, small, count: 1)) == [[], [0], [3, 2]])
  }

  @Test("what is of no use to any kind that the stock is kept for goes, with or without a count")
  func nobodys() {
    let (small, other) = (
      StockKind(bytes: Self.gib), StockKind(bytes: 8 * Self.gib, placement: Placement(NodeSet([1])))
    )
    // a size that nobody keeps; one that somebody does; and one that is there again in a moment
    let left = stock([(.returned, .returned, small), (.returned, .returned, Self.any), (.making, .making, Self.any)])
    #expect(numbers(StockPlan(left, Self.bound, count: 0)) == [[], [0], [0]])
    #expect(numbers(StockPlan(left, small, count: 0)) == [[], [0], [0]])
    #expect(numbers(StockPlan(left, small, count: 1)) == [[0], [0], []])
    // where the pages of that one lie is to be looked at before it goes, as there is another kind of its size
    let several = stock([(.returned, .returned, Self.any), (.ready, .ready, other)])
    let plan = StockPlan(several, Self.bound, count: 0)
    #expect(numbers(plan) == [[], [0], []] && plan.doubtful.map(\.id) == [0] && plan.others == [other])
    #expect(!plan.isEmpty)
    let alone = StockPlan(stock([(.returned, .returned, Self.any), (.ready, .ready, small)]), Self.bound, count: 0)
    #expect(numbers(alone) == [[], [0], [0]] && alone.doubtful == [] && alone.others == [])
  }

  @Test("a file that its maker has not locked yet has no memory, and is left alone")
  func young() {
    let name = StockName(.making, StockKind(bytes: Self.gib), id: 7)
    for (bytes, dropped) in [(0, []), (4096, [name])] {
      let contents = StockContents(files: [StockFile(name, .returned, allocatedBytes: bytes)])
      #expect(StockPlan(contents, Self.any, count: 0).dropped == dropped)
    }
  }

  @Test("what somebody has locked who makes nothing ready is waited for by nobody, and left alone")
  func held() {
    for state in StockName.State.allCases {
      let file = StockFile(StockName(state, Self.any, id: 7), .returned, allocatedBytes: Self.any.bytes, isHeld: true)
      #expect(numbers(StockPlan(StockContents(files: [file]), Self.any, count: 1)) == [[], [1], []])
      #expect(StockPlan(StockContents(files: [file]), Self.any, count: 0).isEmpty)
    }
  }

  @Test("a stock says why it has nothing")
  func reasons() {
    let (small, transparent) = (StockKind(bytes: Self.gib), StockKind(bytes: 8 * Self.gib, isTransparent: true))
    #expect(NoStockFile(Self.any, ready: []) == .noneReady(Self.any))
    #expect(NoStockFile(Self.any, ready: [small, transparent]) == .noneReady(Self.any))
    #expect(NoStockFile(Self.bound, ready: [small, Self.any]) == .otherNodes(Self.bound))
    #expect(NoStockFile(Self.any, ready: [Self.bound]) == .inUse(Self.any))
  }

  @Test("no file is made with which the stock would have more memory than it may")
  func mostBytes() {
    let four = stock(Array(repeating: (.ready, .ready, Self.any), count: 4))
    for (most, made) in [(0, 0), (32, 0), (39, 0), (40, 1), (48, 2), (1000, 6)] {
      let plan = StockPlan(four, Self.any, count: 10, mostBytes: most * Self.gib)
      #expect(plan.made == made && plan.short == 6 - made)
    }
    // what goes makes room
    let dirty = stock([(.ready, .returned, Self.any), (.ready, .ready, Self.any)])
    let plan = StockPlan(dirty, Self.any, count: 2, mostBytes: 16 * Self.gib)
    #expect(numbers(plan) == [[], [1], [0]])
    #expect(plan.spare == 0)
  }

  @Test("what is cleaned, or is being made, has memory to come: no more of it is cleaned than may be there")
  func sparse() {
    func contents(_ files: [(StockFile.Condition, Int)]) -> StockContents {
      StockContents(
        files: files.enumerated().map { index, file in
          let state: StockName.State = file.0 == .making ? .making : .returned
          return StockFile(StockName(state, Self.any, id: UInt64(index)), file.0, allocatedBytes: file.1 * Self.gib)
        })
    }
    func plan(_ files: [(StockFile.Condition, Int)], most: Int) -> [[UInt64]] {
      numbers(StockPlan(contents(files), Self.any, count: 9, mostBytes: most * Self.gib))
    }
    #expect(plan([(.returned, 0), (.returned, 0), (.returned, 0)], most: 20) == [[0, 1], [0], []])
    #expect(plan([(.returned, 0), (.returned, 8), (.returned, 5)], most: 16) == [[1, 2], [0], []])
    #expect(plan([(.returned, 6), (.returned, 8)], most: 24) == [[0, 1], [1], []])
    #expect(plan([(.making, 1), (.returned, 0)], most: 15) == [[], [0], []])
    #expect(plan([(.making, 1), (.returned, 0)], most: 24) == [[1], [1], []])
    // it has more than it is to have
    #expect(plan([(.returned, 20), (.returned, 0)], most: 27) == [[0], [0], []])
  }
}
