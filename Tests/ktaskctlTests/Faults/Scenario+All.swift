/// The scenarios. Names are kept: lines that once failed have them.
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

  /// A memfd is in use by this process.
  private static func ours(_ place: String) -> [String] { place == "memfd" ? ["--even-if-open"] : [] }

  private static func clearFile(_ place: String, _ made: Made) -> Scenario {
    Scenario(
      name: "clear \(place) \(made)", place: place, made: made,
      words: ["clear", "FILE", "--runs", "1"] + ours(place) + work,
      goal: .zero, destroys: true)
  }

  private static func release(_ place: String, _ more: [String] = []) -> Scenario {
    Scenario(
      name: (["release", place] + more).joined(separator: " "), place: place, made: .data,
      words: ["release", "FILE", "--threads", "2", "--json"] + ours(place) + more,
      goal: more.isEmpty ? .released : .removed,
      destroys: true)
  }

  private static func releaseHoles(_ place: String) -> Scenario {
    var holes = release(place)
    holes.name += " partly"
    holes.made = .partly
    return holes
  }

  private static func pin(_ more: [String]) -> Scenario {
    Scenario(
      name: (["pin"] + more).joined(separator: " "), words: ["pin", "--runs", "1", "--warmup", "0"] + sized + more)
  }

  private static func pinFile(_ place: String, _ made: Made) -> Scenario {
    Scenario(
      name: "pin \(place) \(made)", place: place, made: made,
      words: ["pin", "FILE", "--runs", "1"] + ours(place) + work)
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

  /// Every command that is given a file, with every kind, new, with holes, with content, and too short. What a disk keeps in
  /// memory of a file comes and goes, so that nobody can say how a look at it ends.
  private static let files = ["tmpfs", "hugetlbfs", "ext4", "memfd"].flatMap(files)

  private static func files(_ place: String) -> [Scenario] {
    let made: [Made] = [.partly, .data, .short]
    var all = made.map { prefault(place, $0) }
    if place != "memfd" { all.append(prefault(place, .missing)) }
    all += [verify(place, .partly, 2), verify(place, .short, 2), release(place), releaseHoles(place)]
    if place == "ext4" { return all }
    all += [verify(place, .data, 0), clearFile(place, .partly), clearFile(place, .data)]
    return all + [pinFile(place, .partly), pinFile(place, .data)]
  }

  private static let wholes: [Scenario] = [
    clear("4K"), clear("thp"), clear("2M"), pin([]), pin(["--with", "io_uring"]), pin(["--page-size", "2M"]),
    exec([]), exec(["--page-size", "2M"]),
  ]

  private static func exec(_ more: [String]) -> Scenario {
    Scenario(
      name: (["exec"] + more).joined(separator: " "),
      words: ["exec", "--size", "8M", "--threads", "2"] + more + ["--", "stat", "-L", "-c", "%s %b", "{}"],
      goal: .ran("8388608 16384\n"))
  }

  /// Some of what options ask for.
  private static let options: [Scenario] = [
    prefault("tmpfs", .fallocated), prefault("tmpfs", .sparse, ["--method", "fallocate"]),
    prefault("tmpfs", .partly, ["--method", "touch"]), prefault("hugetlbfs", .partly, ["--method", "fallocate"]),
    prefault("ext4", .halfCached), prefault("tmpfs", .partly, ["--nodes", "0"]), prefault("tmpfs", .zeros),
    prefault("tmpfs", .missing, ["--hold-until-eof", "--pidfile", "FOLDER/pid"]),
    prefault("tmpfs", .missing, ["--export-json", export, "--export-csv", "FOLDER/export.csv"]),
    verify("tmpfs", .partly, ["--export-json", export], 2),
    prefault("hugetlbfs", .missing, ["--grow-pool"]),
    verify("tmpfs", .zeros, 0), verify("tmpfs", .zeros, ["--zero"], 0), verify("tmpfs", .data, ["--zero"], 2),
    verify("tmpfs", .fallocated, ["--zero"], 2), verify("hugetlbfs", .data, ["--zero"], 2),
    verify("ext4", .halfCached, 2), verify("ext4", .halfCached, ["--zero"], 2),
    release("tmpfs", ["--unlink"]), release("ext4", ["--unlink"]),
    Scenario(
      name: "exec --export-json",
      // a COMMAND that may be unable to say anything, and ends well all the same
      words: ["exec", "--size", "8M", "--export-json", export, "--", "sh", "-c", "echo here; exit 0"],
      goal: .ran("here\n")),
    Scenario(
      name: "prefault --dry-run", place: "tmpfs", made: .partly, words: ["prefault", "FILE", "--dry-run"] + sized),
    Scenario(
      name: "clear --dry-run", place: "hugetlbfs", made: .partly, words: ["clear", "FILE", "--dry-run"] + work),
  ]

  /// Commands that make no memory ready.
  private static let others: [Scenario] = [
    Scenario(name: "topology", words: ["topology", "--json"]),
    Scenario(name: "topology in words", words: ["topology"]),
    Scenario(name: "compare", words: ["compare"] + compared),
    Scenario(name: "run", words: ["run", "--threads", "2", "--", "echo", "here"], goal: .ran("here\n")),
  ].filter { Preloaded.isBuilt || $0.name != "run" }

  /// Reports, which are made beforehand.
  static let compared = ["FOLDER/a.json", "FOLDER/b.json"]

  static let all = files + wholes + (files + wholes).map(\.alone) + options + others + stocks

  private static func verify(_ place: String, _ made: Made, _ status: Int32) -> Scenario {
    verify(place, made, [], status)
  }
}
