import ArgumentParser

/// What is proven afterwards: for the commands that prove more than that pages are there.
struct ProofOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Prove full, residency or none (default: full)", valueName: "what"))
  var verify: ProofWord?
}

/// How much is proven.
enum ProofWord: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// Pages and what is in them.
  case full
  /// That the pages are there.
  case residency
  case nothing = "none"
}
