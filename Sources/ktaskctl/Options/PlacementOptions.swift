import ArgumentParser
import MemoryWork

/// Options that say where memory is to lie.
struct PlacementOptions: ParsableArguments {
  @Option(
    help: "Nodes for the memory and the threads, in numactl's words: 0-3,5, !2, +0, all, pci:ADDRESS.",
    transform: NodesWord.parse)
  var nodes: NodesWord?

  @Option(help: "With --nodes: bind, interleave or preferred.")
  var policy: PolicyWord?
}

/// The policies by their names on the command line.
enum PolicyWord: String, ExpressibleByArgument, CaseIterable {
  case bind, interleave, preferred

  var policy: Placement.Policy {
    switch self {
    case .bind: .bind
    case .interleave: .interleave
    case .preferred: .preferred
    }
  }
}
