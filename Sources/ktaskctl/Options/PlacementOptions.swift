import ArgumentParser
import MemoryWork

/// Where pages are to lie and how they are made: for the commands that make pages.
struct PlacementOptions: ParsableArguments {
  @Option(
    name: [.customShort("n", allowingJoined: true), .long],
    help: "Where, as for numactl: 0-3,5, !2 (default: any)", completion: .nodes, transform: NodesWord.parse)
  var nodes: NodesWord?

  @Option(help: "bind, interleave, preferred (default: bind)")
  var policy: PolicyWord?

  @Option(help: "populate, fallocate, touch … (default: fastest)")
  var method: MethodWord?
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

/// The methods by their names on the command line.
enum MethodWord: String, ExpressibleByArgument, CaseIterable {
  case populate, fallocate, touch
  case mapCold = "map-cold"

  var method: Method {
    switch self {
    case .populate: .populate
    case .fallocate: .fallocate
    case .touch: .touch
    case .mapCold: .mapCold
    }
  }
}
