internal import CProgram
import Glibc

/// The words that this program was started with.
enum CommandLineWords {
  /// In their order, without the program's name; nil for one that is not UTF-8: as a string it would be another name.
  static func all() -> [String?] {
    (1..<max(1, cprogram_word_count())).map { index in
      unsafe cprogram_word(index).flatMap { unsafe String(validatingCString: $0) }
    }
  }

  /// The bytes of one of them, by its place in `all`.
  static func bytes(_ index: Int) -> [UInt8] {
    guard let word = unsafe cprogram_word(Int32(index + 1)) else { return [] }
    return unsafe Array(UnsafeRawBufferPointer(start: word, count: strlen(word)))
  }
}
