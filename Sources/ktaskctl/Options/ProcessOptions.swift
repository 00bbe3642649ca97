import ArgumentParser
import MemoryWork

/// The memory of a running process in place of FILEs.
struct ProcessOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A running process's shared memory (default: FILEs)", valueName: "pid"))
  var pid: Int?

  @Option(help: ArgumentHelp("Of it only one descriptor's (default: all)", valueName: "n"))
  var fd: Int?

  @Option(
    help: ArgumentHelp("Or what is mapped at START-END (default: all)", valueName: "range"),
    transform: AddressesWord.parse)
  var map: AddressesWord?

  func validate() throws {
    if let pid, pid < 1 { throw ValidationError("--pid takes the number of a process, not \(pid)") }
    if let fd, fd < 0 { throw ValidationError("--fd takes the number of a descriptor, not \(fd)") }
    if pid == nil && fd != nil { throw ValidationError("--fd needs --pid") }
    if pid == nil && map != nil { throw ValidationError("--map needs --pid") }
    if fd != nil && map != nil { throw ValidationError("--fd and --map exclude each other") }
  }

  /// nil: it is about FILEs.
  var words: ProcessWords? { pid.map { ProcessWords(number: $0, part: part) } }

  private var part: ProcessPart {
    if let fd { return .descriptor(fd) }
    return map.map { .mapping($0.range) } ?? .all
  }
}

/// The same as it is asked for.
struct ProcessWords: Equatable, Sendable {
  var number: Int
  var part: ProcessPart

  var words: [String] {
    let which: [String] =
      switch part {
      case .all: []
      case .descriptor(let number): ["--fd", "\(number)"]
      case .mapping(let addresses): ["--map", addresses.asHex]
      }
    return ["--pid", "\(number)"] + which
  }

  /// What it is all about.
  var subject: String { "process \(number)" }
}
