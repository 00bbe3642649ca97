import LinuxSystem

/// What the command line asks for.
struct Setting {
  /// Smaller sizes and fewer runs: shows that all of it works, and little else.
  var quick = false
  /// The ktaskctl that is measured.
  var program = ".build/release/ktaskctl"
  /// Where the table of pins is to be written as JSON, too.
  var json: String?
  var parts: [Part] = Part.all
}

/// One comparison. `measure` prints its tables, or throws why it cannot be made here.
struct Part: Sendable {
  let name: String
  let title: String
  let measure: @Sendable (Setting) throws -> Void

  static let all = [
    scaling, peers, knee, proof, stock, handOvers, engine, startUp, stores, neighbours, pins, pinKnee, rings, maps, vm,
    library,
    run,
  ]
}

/// A reason why something cannot be measured on this machine.
struct Skip: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

enum Bench {
  private static let usage = """
    Usage: ktask-bench [--quick] [--program FILE] [--json FILE] [PART…]

    Measures ktaskctl and KTask against what does the same, and prints Markdown. The program, or the environment's
    KTASKCTL, is the ktaskctl to measure (.build/release/ktaskctl). --json writes the table of pins to a file, too.
    Parts, all of them unless named:

    """
    + Part.all.map { "  \($0.name)\(String(repeating: " ", count: 12 - $0.name.count))\($0.title)" }
    .joined(separator: "\n")

  /// The exit status: 1 when a part failed, 64 for wrong usage.
  static func run(_ arguments: [String]) -> Int32 {
    if arguments == ["--help"] {
      print(usage)
      return 0
    }
    if arguments.count == 3, arguments[0] == Load.word, let threads = Int(arguments[2]) {
      Load.run(arguments[1], threads: threads)
    }
    guard let setting = setting(arguments) else {
      print(usage)
      return 64
    }
    CleanUp.beforeDyingOfSignals()
    print("# ktask-bench\n\n\(machine)\n")
    print(
      "Medians; ± is half the distance between the quartiles. The contestants of a table take turns, "
        + "after a run of each that does not count.\n")
    return setting.parts.count { !measured($0, setting) } == 0 ? 0 : 1
  }

  private static func measured(_ part: Part, _ setting: Setting) -> Bool {
    print("## \(part.name): \(part.title)\n")
    defer { CleanUp.run() }
    do {
      try part.measure(setting)
    } catch let reason as Skip {
      print("Skipped: \(reason).\n")
    } catch {
      print("Failed: \(error).\n")
      return false
    }
    return true
  }

  private static func setting(_ arguments: [String]) -> Setting? {
    var setting = Setting()
    if let program = environment("KTASKCTL") { setting.program = program }
    var names: [String] = []
    var words = arguments.makeIterator()
    while let word = words.next() {
      switch word {
      case "--quick": setting.quick = true
      case "--program":
        guard let program = words.next() else { return nil }
        setting.program = program
      case "--json":
        guard let file = words.next() else { return nil }
        setting.json = file
      default: names.append(word)
      }
    }
    if names.isEmpty { return setting }
    setting.parts = Part.all.filter { names.contains($0.name) }
    return setting.parts.count == Set(names).count ? setting : nil
  }

  private static var machine: String {
    let cpus = Topology.current().onlineCPUs
    let model =
      (SystemFiles().text("/proc/cpuinfo") ?? "").split(separator: "\n")
      .first { $0.hasPrefix("model name") }?.split(separator: ":").last ?? " unknown CPU"
    let kernel = SystemFiles().text("/proc/sys/kernel/osrelease") ?? "?"
    let load = SystemFiles().text("/proc/loadavg")?.split(separator: " ").first ?? "?"
    return "\(cpus.count) CPUs,\(model), Linux \(kernel), load at the start \(load)."
  }
}
