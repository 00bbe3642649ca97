import ArgumentParser
import KTask
import LinuxSystem
import MemoryWork
import NumactlWords

/// Gives the words for nodes their meaning on this machine, and hands a command's regions to nodes one after the other.
struct NodeAssignment {
  private let standard: NodesWord?
  private let policy: Placement.Policy
  /// How threads look for what is on other nodes already.
  let looking: Looking
  private var stock = NodeStock([:])

  init(_ words: WorkWords, looking: Looking) {
    self.looking = looking
    standard = words.nodes
    policy = words.policy?.policy ?? .bind
  }

  /// `own` nodes come before those of the whole command.
  mutating func place(_ memory: AnonymousMemory, _ own: NodesWord? = nil) throws(MemoryError) {
    if let placement = try placement(own) { memory.place(placement, &stock) }
  }

  mutating func place(_ file: MemoryFile, _ own: NodesWord? = nil) throws(MemoryError) {
    if let placement = try placement(own) { try file.place(placement, &stock, looking) }
  }

  /// Where memory is to be found, for `verify`.
  func demandedNodes() throws(MemoryError) -> NodeSet? { try standard?.nodes() }

  /// nil where nothing is said of nodes.
  mutating func placement(_ own: NodesWord? = nil) throws(MemoryError) -> Placement? {
    guard let word = own ?? standard else { return nil }
    if stock == NodeStock([:]) { stock = NodeStock(try .current()) }
    return Placement(try word.nodes(), policy)
  }
}

extension NodesWord {
  /// The nodes of this machine that it names.
  func nodes() throws(MemoryError) -> NodeSet {
    do throws(NodeSetError) {
      return try NodeSet.named(text)
    } catch {
      switch error {
      case .noNUMA: throw MemoryError(.noNodes)
      case .unknown(let why):
        throw MemoryError(.noSuchNodes(text, why: why ?? "no node is near it"))
      case .empty: throw MemoryError(.noSuchNodes(text, why: nil))
      }
    }
  }
}

extension WorkWords {
  /// A policy is for nodes, be they of the command or of one of its regions.
  func checkPolicy(_ regions: [RegionWord]) throws {
    if policy != nil, nodes == nil, regions.allSatisfy({ $0.nodes == nil }) {
      throw ValidationError("--policy needs --nodes")
    }
  }
}

extension [RegionWord] {
  /// Regions instead of FILEs: all of files, or all anonymous where that is allowed.
  func check(besides files: [String], size: Int?, allowAnonymous: Bool) throws {
    if !files.isEmpty {
      throw ValidationError(
        "--region and FILE exclude each other: write --region \(quotedForShell("path=" + files[0]))")
    }
    for region in self where region.path == nil {
      if !allowAnonymous { throw ValidationError("region “\(region.text.shown)” needs path=FILE") }
      if region.size == nil && size == nil { throw ValidationError("region “\(region.text.shown)” needs size=SIZE") }
    }
    if Set(map { $0.path == nil }).count > 1 {
      throw ValidationError("some regions have a path and some have none: that takes two calls")
    }
  }
}
