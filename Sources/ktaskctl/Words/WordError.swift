/// A word of the command line that means nothing, and why.
///
/// The description is a whole sentence without its full stop, so that it reads well by itself and after
/// "The value '…' is invalid for '--size <size>': ", which ArgumentParser puts in front of an error thrown by
/// an option's `transform`.
struct WordError: Error, Equatable, CustomStringConvertible {
  /// What the word was to be: "size", "page size", "thread count".
  var kind: String
  /// The word as the user wrote it.
  var word: String
  /// The rest of the sentence, with its verb: "is negative".
  var why: String

  var description: String { "\(kind) “\(word)” \(why)" }
}
