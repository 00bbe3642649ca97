import Glibc
import LinuxSystem

/// What the program needs to live at all, seen to before anything else: under limits so tight that no error could be
/// made any more, these are the words.
enum Footing {
  /// Heap that is kept from the start, so that a limit that is reached on the way fails a mapping, which is told and
  /// undone, and not an allocation, which ends the process.
  private static let heap = 8 << 20
  /// For the deepest call, in the parser of options.
  private static let stack = 256 << 10

  static func secure() {
    switch OwnMemory.secure(heap: heap, stack: stack) {
    case nil: return
    case .stack: put("the limit for stacks (RLIMIT_STACK) is too small for the program itself\n  try: ulimit -s 8192\n")
    case .addressSpace:
      put(
        """
        the limit (RLIMIT_AS) leaves too little for the program itself
          try: ulimit -v unlimited, or LimitAS=infinity in its unit

        """)
    case .data:
      put(
        """
        the limit (RLIMIT_DATA) leaves too little for the program itself
          try: ulimit -d unlimited, or LimitDATA=infinity in its unit

        """)
    case .shortage:
      put("there is none for the program itself\n")
      _exit(ExitStatus.shortage.rawValue)
    }
    _exit(ExitStatus.permission.rawValue)
  }

  /// Allocates nothing.
  private static func put(_ text: StaticString) {
    let start: StaticString = "ktaskctl: memory: "
    _ = unsafe write(STDERR_FILENO, start.utf8Start, start.utf8CodeUnitCount)
    _ = unsafe write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }
}
