import Testing

@testable import MemoryWork

@Suite("Spaces of devices in use")
struct SpaceUseTests {
  @Test("a chunk begins at the space that nobody is in, and at its usual one where there is none")
  func free() {
    let use = SpaceUse(count: 3)
    defer { use.deallocate() }
    #expect(use.enterFree(usual: 1) == 1)
    #expect(use.enterFree(usual: 1) == 2)
    #expect(use.enterFree(usual: 1) == 0)
    #expect(use.enterFree(usual: 1) == 1)
    use.leave(2)
    use.leave(1)
    // another is still in that one
    #expect(use.enterFree(usual: 1) == 2)
    use.leave(1)
    use.enter(0)
    #expect(use.enterFree(usual: 0) == 1)
  }
}
