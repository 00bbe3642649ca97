/// What `--mode` asks for: who may read, write and run a file, as chmod(1) takes it in octal.
struct ModeWord: Hashable, Sendable {
  /// As the user wrote it.
  let text: String
  let bits: UInt32

  /// Reads `660` or `0660`, or says what is wrong with it.
  static func parse(_ word: String) throws(WordError) -> ModeWord {
    func wrong(_ why: String) -> WordError { WordError(kind: "mode", word: word, why: why) }
    if word.isEmpty { throw wrong("is empty") }
    guard word.utf8.allSatisfy({ (48...55).contains($0) }) else { throw wrong("is not octal, like 660") }
    guard let bits = UInt32(word, radix: 8), bits <= 0o777 else { throw wrong("is more than 777") }
    return ModeWord(text: word, bits: bits)
  }
}
