import Testing

/// A command into which failures are injected, with the file that it is given and what it promises of it.
struct Scenario: Sendable, CustomTestStringConvertible {
  /// What a status of 0 says.
  enum Goal: Sendable, Equatable {
    /// FILE has all its memory, and the content that it had.
    case resident
    /// And nothing but zeros.
    case zero
    /// FILE is there and has no memory.
    case released
    case removed
    /// STOCK has so many files that are ready, and nothing else.
    case stocked(Int)
    /// FILE is one that was ready, or was made.
    case taken
    /// FILE is one of STOCK's by now, and dirty there.
    case returned
    /// Nothing that can be seen from outside.
    case nothing
    /// COMMAND ran, and said this.
    case ran(String)
  }

  /// How FILE was made.
  enum Made: Sendable {
    case missing, sparse, data, zeros
    /// The first half by fallocate(2), pattern at three quarters.
    case fallocated
    /// The pattern in the middle.
    case partly
    /// On a disk: all of it written, half of it in memory.
    case halfCached
  }

  var name: String
  /// nil: no file.
  var place: String?
  var made = Made.missing
  /// FILE stands for the file, FOLDER for the directory that it is in, STOCK for a stock beside it.
  var words: [String]
  /// How many files are ready in it.
  var stocked = 0
  var goal = Goal.nothing
  /// How it ends when nothing fails.
  var status: Int32 = 0
  /// Its work takes content with it, which no undo brings back.
  var destroys = false

  var testDescription: String { name }

  /// Bytes of FILE.
  static let bytes = 8 << 20
  /// Where a document from an earlier run is.
  static let export = "FOLDER/export.json"
}

extension Scenario {
  private static let work = ["--threads", "2", "--min-chunk", "2M", "--json"]
  private static let sized = ["--size", "8M"] + work

  private static func clear(_ page: String) -> Scenario {
    Scenario(
      name: "clear \(page)", words: ["clear", "--page-size", page, "--runs", "2", "--warmup", "0"] + sized)
  }

  private static func prefault(_ place: String, _ made: Made, _ more: [String] = []) -> Scenario {
    Scenario(
      name: (["prefault", place, "\(made)"] + more).joined(separator: " "), place: place, made: made,
      words: ["prefault", "FILE"] + sized + more, goal: .resident)
  }

  private static func verify(_ place: String, _ made: Made, _ more: [String] = [], _ status: Int32) -> Scenario {
    Scenario(
      name: (["verify", place, "\(made)"] + more).joined(separator: " "), place: place, made: made,
      words: ["verify", "FILE"] + sized + more, status: status)
  }

  private static func clearFile(_ place: String, _ made: Made) -> Scenario {
    Scenario(
      name: "clear \(place) \(made)", place: place, made: made, words: ["clear", "FILE", "--runs", "1"] + work,
      goal: .zero, destroys: true)
  }

  private static func release(_ place: String, _ more: [String] = []) -> Scenario {
    Scenario(
      name: (["release", place] + more).joined(separator: " "), place: place, made: .data,
      words: ["release", "FILE", "--threads", "2", "--json"] + more, goal: more.isEmpty ? .released : .removed,
      destroys: true)
  }

  private static func pin(_ more: [String]) -> Scenario {
    Scenario(
      name: (["pin"] + more).joined(separator: " "), words: ["pin", "--runs", "1", "--warmup", "0"] + sized + more)
  }

  private static func stock(_ place: String, _ threads: Int) -> Scenario {
    Scenario(
      name: "stock \(place) \(threads)", place: place,
      words: [
        "stock", "STOCK", "--count", "3", "--size", "8M", "--threads", "\(threads)", "--min-chunk", "2M", "--json",
      ],
      stocked: 1, goal: .stocked(3))
  }

  private static func take(_ place: String, _ threads: Int, stocked: Int) -> Scenario {
    Scenario(
      name: "prefault \(place) \(threads) --from one that has \(stocked)", place: place,
      words: [
        "prefault", "FILE", "--from", "STOCK", "--size", "8M", "--threads", "\(threads)", "--min-chunk", "2M", "--json",
      ],
      stocked: stocked, goal: .taken)
  }

  private static func giveBack(_ place: String) -> Scenario {
    Scenario(
      name: "release \(place) --to", place: place, made: .data, words: ["release", "FILE", "--to", "STOCK", "--json"],
      goal: .returned, destroys: true)
  }

  private static let stocks =
    ["tmpfs", "hugetlbfs"].flatMap { place in
      [stock(place, 1), stock(place, 2), take(place, 2, stocked: 1), giveBack(place)]
    } + [take("tmpfs", 1, stocked: 0), take("hugetlbfs", 2, stocked: 0)]

  static let all: [Scenario] =
    [
      clear("4K"), clear("thp"), clear("2M"),
      clearFile("tmpfs", .data), clearFile("tmpfs", .partly), clearFile("hugetlbfs", .partly),
      prefault("tmpfs", .missing), prefault("tmpfs", .partly), prefault("tmpfs", .fallocated),
      prefault("tmpfs", .sparse, ["--method", "fallocate"]), prefault("tmpfs", .partly, ["--method", "touch"]),
      prefault("hugetlbfs", .missing), prefault("hugetlbfs", .partly),
      prefault("hugetlbfs", .partly, ["--method", "fallocate"]),
      prefault("ext4", .missing), prefault("ext4", .partly), prefault("ext4", .halfCached),
      prefault("tmpfs", .partly, ["--nodes", "0"]), prefault("tmpfs", .zeros),
      prefault("tmpfs", .missing, ["--hold-until-eof", "--pidfile", "FOLDER/pid"]),
      prefault("tmpfs", .missing, ["--export-json", export, "--export-csv", "FOLDER/export.csv"]),
      verify("tmpfs", .partly, ["--export-json", export], 2),
      prefault("hugetlbfs", .missing, ["--grow-pool"]),
      verify("tmpfs", .zeros, 0), verify("tmpfs", .partly, 2), verify("tmpfs", .zeros, ["--zero"], 0),
      verify("tmpfs", .data, ["--zero"], 2), verify("tmpfs", .fallocated, ["--zero"], 2),
      verify("hugetlbfs", .data, ["--zero"], 2), verify("hugetlbfs", .partly, 2), verify("ext4", .halfCached, 2),
      verify("ext4", .halfCached, ["--zero"], 2),
      release("tmpfs"), release("tmpfs", ["--unlink"]), release("hugetlbfs"), release("ext4", ["--unlink"]),
      pin([]), pin(["--with", "io_uring"]), pin(["--page-size", "2M"]),
      Scenario(
        name: "pin tmpfs partly", place: "tmpfs", made: .partly, words: ["pin", "FILE", "--runs", "1"] + work),
      Scenario(
        name: "exec", words: ["exec", "--size", "8M", "--threads", "2", "--", "stat", "-L", "-c", "%s %b", "{}"],
        goal: .ran("8388608 16384\n")),
      Scenario(
        name: "exec --page-size 2M",
        words: ["exec", "--size", "8M", "--page-size", "2M", "--", "stat", "-L", "-c", "%s %b", "{}"],
        goal: .ran("8388608 16384\n")),
      Scenario(
        name: "exec --export-json",
        // a COMMAND that may be unable to say anything, and ends well all the same
        words: ["exec", "--size", "8M", "--export-json", export, "--", "sh", "-c", "echo here; exit 0"],
        goal: .ran("here\n")),
      Scenario(name: "topology", words: ["topology", "--json"]),
      Scenario(name: "topology in words", words: ["topology"]),
      Scenario(
        name: "prefault --dry-run", place: "tmpfs", made: .partly, words: ["prefault", "FILE", "--dry-run"] + sized),
      Scenario(
        name: "clear --dry-run", place: "hugetlbfs", made: .partly, words: ["clear", "FILE", "--dry-run"] + work),
    ] + stocks

  private static func verify(_ place: String, _ made: Made, _ status: Int32) -> Scenario {
    verify(place, made, [], status)
  }
}
