import Glibc
import LinuxSystem

/// What the program needs to live at all, seen to before anything else: under limits so tight that no error could be
/// made any more, these are the words. Nothing here allocates.
enum Footing {
  /// Heap that is kept from the start, so that a limit that is reached on the way fails a mapping, which is told and
  /// undone, and not an allocation, which ends the process.
  private static let heap = 8 << 20
  /// For the deepest call, in the parser of options.
  private static let stack = 256 << 10

  /// Why the program cannot even begin.
  private struct Refusal {
    let why: StaticString
    var remedy: StaticString = ""
    var code: StaticString = "resource-limit"
    var status = ExitStatus.permission
  }

  static func secure() {
    guard let obstacle = OwnMemory.secure(heap: heap, stack: stack) else { return }
    let refusal = refusal(obstacle)
    tell(refusal)
    if isJSONWanted { tellInJSON(refusal) }
    _exit(refusal.status.number)
  }

  private static func refusal(_ obstacle: OwnMemory.Obstacle) -> Refusal {
    switch obstacle {
    case .stack:
      Refusal(
        why: "the limit for stacks (RLIMIT_STACK) is too small for the program itself", remedy: "ulimit -s 8192")
    case .addressSpace:
      Refusal(
        why: "the limit (RLIMIT_AS) leaves too little for the program itself",
        remedy: "ulimit -v unlimited, or LimitAS=infinity in its unit")
    case .data:
      Refusal(
        why: "the limit (RLIMIT_DATA) leaves too little for the program itself",
        remedy: "ulimit -d unlimited, or LimitDATA=infinity in its unit")
    case .shortage: Refusal(why: "there is none for the program itself", code: "no-memory", status: .shortage)
    }
  }

  private static func tell(_ refusal: Refusal) {
    put("ktaskctl: memory: ", refusal.why, "\n", on: STDERR_FILENO)
    if refusal.remedy.utf8CodeUnitCount > 0 { put("  try: ", refusal.remedy, "\n", on: STDERR_FILENO) }
  }

  /// The document, with what is known.
  private static func tellInJSON(_ refusal: Refusal) {
    put("{ \"ktaskctl\" : \"", on: STDOUT_FILENO)
    var version = Ktaskctl.version
    version.withUTF8 { _ = unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    put("\", \"command\" : \"\", \"errors\" : [ { \"code\" : \"", refusal.code, on: STDOUT_FILENO)
    put("\", \"exit_status\" : ", on: STDOUT_FILENO)
    putDigit(refusal.status.number)
    put(", \"message\" : \"", refusal.why, on: STDOUT_FILENO)
    if refusal.remedy.utf8CodeUnitCount > 0 { put("\", \"remedy\" : \"", refusal.remedy, on: STDOUT_FILENO) }
    put("\" } ], \"files\" : [], \"results\" : [], \"warnings\" : [] }\n", on: STDOUT_FILENO)
  }

  /// Whether that is among the words for this program.
  private static var isJSONWanted: Bool {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let word = unsafe CommandLine.unsafeArgv[index] else { return false }
      if unsafe strcmp(word, "--") == 0 { return false }
      if unsafe strcmp(word, "--json") == 0 || strcmp(word, "-J") == 0 { return true }
    }
    return false
  }

  private static func put(
    _ text: StaticString, _ more: StaticString = "", _ rest: StaticString = "", on stream: Int32
  ) {
    put(text, stream)
    put(more, stream)
    put(rest, stream)
  }

  /// Of a status below 10, on standard output.
  private static func putDigit(_ number: Int32) {
    var digit = UInt8(ascii: "0") + UInt8(number)
    _ = unsafe write(STDOUT_FILENO, &digit, 1)
  }

  private static func put(_ text: StaticString, _ stream: Int32) {
    _ = unsafe write(stream, text.utf8Start, text.utf8CodeUnitCount)
  }
}
