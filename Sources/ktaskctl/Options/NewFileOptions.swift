import ArgumentParser
import LinuxSystem

/// Whose files are that a command makes.
struct NewFileOptions: ParsableArguments {
  @Option(help: "Of FILEs that are made, in octal (default: 600)", transform: ModeWord.parse)
  var mode: ModeWord?

  @Option(
    help: ArgumentHelp("Of FILEs that are made: USER:GROUP (default: you)", valueName: "user"),
    transform: OwnerWord.parse)
  var owner: OwnerWord?

  var words: NewFileWords { NewFileWords(mode: mode, owner: owner) }
}

/// The same as it is asked for.
struct NewFileWords: Equatable, Sendable {
  var mode: ModeWord?
  var owner: OwnerWord?

  var areGiven: Bool { mode != nil || owner != nil }

  var rights: FileRights { FileRights(user: owner?.user, group: owner?.group, mode: mode?.bits) }

  var words: [String] {
    (mode.map { ["--mode", $0.text] } ?? []) + (owner.map { ["--owner", quotedForShell($0.text)] } ?? [])
  }
}
