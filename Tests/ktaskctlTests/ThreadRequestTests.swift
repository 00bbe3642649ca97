import KTask
import Testing

@testable import ktaskctl

@Suite("Thread counts")
struct ThreadListTests {
  @Test(
    "words, single counts, lists, ranges and mixtures are read",
    arguments: [
      ("auto", .automatic), ("all", .all), ("1", .counts([1])), ("16", .counts([16])), ("04", .counts([4])),
      ("1,2,4", .counts([1, 2, 4])), ("1-8", .counts([1, 2, 3, 4, 5, 6, 7, 8])),
      ("1,4-6", .counts([1, 4, 5, 6])),
      ("3-3", .counts([3])), ("65536", .counts([65_536])),
    ] as [(String, ThreadRequest)])
  func reads(word: String, request: ThreadRequest) throws {
    #expect(try ThreadRequest.parse(word) == request)
  }

  @Test(
    "the order given stays and a count comes once",
    arguments: [
      ("8,1,4", [8, 1, 4]), ("2,2,2", [2]), ("4-6,1-5", [4, 5, 6, 1, 2, 3]), ("1,1-2,2", [1, 2]),
    ])
  func keepsOrder(word: String, counts: [Int]) throws {
    #expect(try ThreadRequest.parse(word) == .counts(counts))
  }

  @Test("the widest range is read once however often it is given")
  func widestRange() throws {
    let widest = Array(repeating: "1-65536", count: 20).joined(separator: ",")
    #expect(try ThreadRequest.parse(widest) == .counts(Array(1...65_536)))
  }

  @Test(
    "a request is written as it may be read again",
    arguments: [ThreadRequest.automatic, .all, .counts([1]), .counts([4, 1, 2])])
  func writes(request: ThreadRequest) throws {
    #expect(try ThreadRequest.parse(request.text) == request)
  }

  @Test(
    "thread counts that mean nothing are refused with their reason",
    arguments: [
      ("", "is empty"), ("0", "is zero"), ("1,0", "is zero"), ("0-4", "is zero"), ("-1", "is negative"),
      ("1,-4", "is negative"), ("8-1", "write 1-8"), ("65537", "more than 65536"),
      ("1-65537", "more than 65536"),
      ("99999999999999999999", "more than 65536"), ("1,", "comma too many"), (",1", "comma too many"),
      ("1,,2", "comma too many"), (",", "comma too many"), ("1-", "is not auto"), ("-", "is negative"),
      ("1-2-3", "is not auto"), ("1--2", "is not auto"), ("1.5", "is not auto"), ("1.", "is not auto"),
      ("4k", "is not auto"), (" 4", "is not auto"), ("1, 2", "is not auto"), ("+4", "is not auto"),
      ("many", "is not auto"), ("ALL", "is not auto"), ("٣", "is not auto"), ("1,all", "stands alone"),
      ("auto,2", "stands alone"),
    ] as [(String, String)])
  func refuses(word: String, reason: String) {
    let error = #expect(throws: WordError.self) { try ThreadRequest.parse(word) }
    #expect(error?.why.contains(reason) == true, "\(word): \(String(describing: error))")
  }

  @Test("a refusal names the part of a list that is wrong")
  func namesThePart() {
    let error = #expect(throws: WordError.self) { try ThreadRequest.parse("1,2,8-4") }
    #expect(error?.description == "thread count “8-4” runs backwards; write 4-8")
  }
}

@Suite("The thread counts of a sweep")
struct ThreadSweepTests {
  /// Of two CPUs, for work that is worth one thread.
  private func sweep(_ word: String) throws -> ThreadSweep {
    ThreadSweep(try .parse(word)) { threads in
      var bounds = ThreadBounds()
      (bounds.size, bounds.minimumChunk, bounds.allowedCPUs) = (64, 128, 2)
      return Policy.threads(threads, within: bounds)
    }
  }

  @Test(
    "a count that was refused names the bound that refused it, and not one that it passed", arguments: ["64", "2,64"])
  func refused(word: String) throws {
    let sweep = try sweep(word)
    #expect(sweep.counts == [2])
    #expect(
      sweep.warnings == [
        "64 threads asked for, 2 used: allowed CPUs", "more threads than size / minimum chunk allows, which is 1",
      ])
  }

  @Test("many counts that were refused are told once")
  func many() throws {
    let sweep = try sweep("1-8")
    #expect(sweep.counts == [1, 2])
    #expect(
      sweep.warnings.filter { $0.contains("asked for") } == [
        "6 counts from 3 to 8 threads asked for, 2 used: allowed CPUs"
      ])
  }
}
