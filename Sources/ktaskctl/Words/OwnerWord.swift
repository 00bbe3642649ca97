import LinuxSystem

/// What `--owner` asks for: a user, a group or both, in the words of chown(1).
struct OwnerWord: Hashable, Sendable {
  /// As the user wrote it.
  let text: String
  /// nil: the caller's.
  let user: UInt32?
  let group: UInt32?

  /// Reads `USER`, `USER:GROUP`, `USER:` (with the group that he logs in with) or `:GROUP`, by names or numbers, or says
  /// what is wrong with it. What is a name here is one, even if it is digits; with a `+` before it a number is none.
  static func parse(_ word: String) throws(WordError) -> OwnerWord {
    let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let (name, groupName) = (parts[0], parts.count == 2 ? parts[1] : nil)
    if name.isEmpty && groupName ?? "" == "" { throw wrong(word, "names nobody") }
    var (user, group): (UInt32?, UInt32?) = (nil, nil)
    if !name.isEmpty {
      let known = try account(name, word) { () throws(Errno) in try Accounts.user(name) }
      user = if let known { known.user } else { try number(name, "user", word) }
      if groupName == "" {
        guard let known else { throw wrong(word, "has a number before its colon, and so no login group: name one") }
        group = known.group
      }
    }
    if let groupName, !groupName.isEmpty {
      let known = try account(groupName, word) { () throws(Errno) in try Accounts.group(groupName) }
      group = if let known { known } else { try number(groupName, "group", word) }
    }
    return OwnerWord(text: word, user: user, group: group)
  }

  private static func account<Found>(
    _ name: String, _ word: String, _ ask: () throws(Errno) -> Found?
  ) throws(WordError) -> Found? {
    if name.hasPrefix("+") { return nil }
    do throws(Errno) {
      return try ask()
    } catch {
      throw wrong(word, "cannot be looked up: \(error.sentence)")
    }
  }

  /// The largest stands for no change at all (chown(2)).
  private static func number(_ name: String, _ kind: String, _ word: String) throws(WordError) -> UInt32 {
    let digits = name.hasPrefix("+") ? name.dropFirst() : name[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw wrong(word, "names a \(kind) that is not known here, \(name)")
    }
    guard let number = UInt32(digits), number < .max else { throw wrong(word, "has a number above \(UInt32.max - 1)") }
    return number
  }

  private static func wrong(_ word: String, _ why: String) -> WordError {
    WordError(kind: "owner", word: word, why: why)
  }
}
