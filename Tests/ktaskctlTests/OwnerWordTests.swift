import Testing

@testable import ktaskctl

@Suite("Words for modes and owners")
struct OwnerWordTests {
  @Test(
    "modes are octal",
    arguments: [("660", 0o660), ("0660", 0o660), ("0", 0), ("777", 0o777), ("0000600", 0o600)] as [(String, UInt32)])
  func mode(word: String, bits: UInt32) throws {
    let mode = try ModeWord.parse(word)
    #expect(mode.bits == bits && mode.text == word)
  }

  @Test(
    "words that are no mode are refused with their reason",
    arguments: [
      ("", "is empty"), ("8", "is not octal"), ("u=rw", "is not octal"), ("-600", "is not octal"),
      ("0o600", "is not octal"), ("1777", "is more than 777"), ("77777777777777777777", "is more than 777"),
    ])
  func noMode(word: String, reason: String) {
    let error = #expect(throws: WordError.self) { try ModeWord.parse(word) }
    #expect(error?.why.contains(reason) == true, "\(word): \(String(describing: error))")
  }

  @Test(
    "owners are chown's words: a user, a group, or both, by name or number",
    arguments: [
      ("root", 0, nil), ("root:", 0, 0), ("root:root", 0, 0), (":root", nil, 0), ("4711", 4711, nil),
      ("4711:root", 4711, 0), ("+0:+4711", 0, 4711), (":4711", nil, 4711), ("4294967294", 4_294_967_294, nil),
    ] as [(String, UInt32?, UInt32?)])
  func owner(word: String, user: UInt32?, group: UInt32?) throws {
    let owner = try OwnerWord.parse(word)
    #expect(owner.user == user && owner.group == group && owner.text == word)
  }

  @Test(
    "words that are no owner are refused with their reason",
    arguments: [
      ("", "names nobody"), (":", "names nobody"), ("no such user", "names a user that is not known here"),
      ("root:no such group", "names a group that is not known here"), ("4711:", "no login group"),
      ("+0:", "no login group"), ("+root", "names a user that is not known here"), ("-1", "not known here"),
      ("4294967295", "above 4294967294"), (":4294967295", "above 4294967294"), ("root:root:root", "not known here"),
      ("root.root", "not known here"),
    ])
  func noOwner(word: String, reason: String) {
    let error = #expect(throws: WordError.self) { try OwnerWord.parse(word) }
    #expect(error?.why.contains(reason) == true, "\(word): \(String(describing: error))")
  }
}
