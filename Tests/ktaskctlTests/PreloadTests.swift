import Testing

@testable import ktaskctl

@Suite("What run puts in front of the C library")
struct PreloadTests {
  @Test(
    "comes before what is there, once",
    arguments: [
      (nil, "/x/l.so"), ("", "/x/l.so"), ("/y.so", "/x/l.so:/y.so"), ("/y.so /z.so", "/x/l.so:/y.so /z.so"),
      ("/x/l.so", "/x/l.so"), ("/y.so:/x/l.so", "/y.so:/x/l.so"),
    ] as [(String?, String)])
  func list(before: String?, after: String) {
    #expect(Preload.list("/x/l.so", before: before.map { Array($0.utf8) }) == Array(after.utf8))
  }

  @Test("leaves the others' names as they are, which need not be text")
  func bytes() { #expect(Preload.list("/x/l.so", before: [0x2F, 0xFF]) == Array("/x/l.so:/".utf8) + [0xFF]) }

  @Test("where the program itself is not known, that is what is told")
  func unknown() {
    let error = #expect(throws: Told.self) { try Preload.path(nil) }
    #expect(error?.exitStatus == .notSupported && error?.why.hasSuffix("/proc/self/exe cannot be read") == true)
  }

  @Test("is looked for from the program's folder, and named where it is not there")
  func missing() {
    do throws(ktaskctl.Failure) {
      let path = try Preload.path("/nowhere/bin/ktaskctl")
      Issue.record("found \(path)")
    } catch {
      #expect(error.exitStatus == .notSupported)
      #expect(error.why.contains("neither /nowhere/lib/ktask/libktask-run.so nor /library/libktask-run.so"))
    }
  }
}
