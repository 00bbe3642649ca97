import Glibc

/// How fast this guest is: what it emulates is a multiple slower on other hosts, and on busy ones.
///
/// Limits grow with it, and sizes shrink, so that a test takes much the same time everywhere.
enum Speed {
  /// Seconds for what is measured, on the machine that the tests were written on, with little else to do.
  private static let reference = (memory: 1.0, programs: 0.12)
  private static let measured = (memory: memory(), programs: programs())

  /// How many times slower than that; 1 where it is faster.
  static var slowness: Double { max(1, measured.memory / reference.memory, measured.programs / reference.programs) }

  /// For whoever reads the times of the tests.
  static var sentence: String {
    let (memory, programs) = (Report.decimal(measured.memory), Report.decimal(measured.programs))
    return
      "This guest takes \(Report.decimal(slowness)) times the usual: \(memory) s for memory, \(programs) s for programs."
  }

  /// Seconds after which a program counts as hung: many times of what the longest takes.
  static var patience: Double { 180 * slowness }

  /// A time as an option has it.
  static func word(_ seconds: Double) -> String { "\(Int((1000 * seconds).rounded(.up)))ms" }

  /// So many MiB, or as many as take as long, in multiples of 32 MiB: an option's `--size`.
  static func size(_ mebibytes: Int) -> String { "\(max(2, Int(Double(mebibytes) / slowness) / 32) * 32)M" }

  /// Fresh memory in base pages, which the kernel clears one by one; over and over, since the host has to find the
  /// memory the first time.
  private static func memory() -> Double {
    var began = Clock.seconds
    for turn in 0...3 {
      if turn == 1 { began = Clock.seconds }
      let length = 64 << 20
      let start = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      if unsafe start == MAP_FAILED { return 0 }
      unsafe madvise(start, length, MADV_NOHUGEPAGE)
      unsafe memset(start!, 1, length)
      unsafe munmap(start, length)
    }
    return Clock.seconds - began
  }

  /// Programs started, one after the other.
  private static func programs() -> Double {
    let began = Clock.seconds
    for _ in 0..<10 { _ = try? Program(["true"]).wait(limit: 600) }
    return Clock.seconds - began
  }
}
