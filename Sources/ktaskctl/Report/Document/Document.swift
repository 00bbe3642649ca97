/// The one JSON document: everything that a run knows about itself, for programs.
///
/// Numbers are in seconds and bytes. Lists are always there, empty where there is nothing; an object or a value
/// that is not known is left out. The keys are what scripts rely on: they are only ever added to.
struct Document: Encodable, Equatable, Sendable {
  /// The program's version, under the program's name.
  var ktaskctl: String
  /// The command's name: "clear".
  var command: String
  var request: Request?
  var host: Host?
  /// When that was, in UTC: "2026-11-27T02:08:00Z".
  var date: String?
  var plan: Plan?
  /// One per thread count, in the order asked for.
  var results: [Result] = []
  var files: [File] = []
  var verified: Verified?
  /// That this process keeps the result; left out where it does not.
  var held: Bool?
  var errors: [Failure] = []
  var undone: Undone?
  /// Pages by which pools were raised; given back where there is `undone`.
  var grown: [PoolPages]?
  /// Pages by which pools became smaller; left out where that was not asked for.
  var shrunk: [PoolPages]?
  /// What the stock has that it is about; left out where it is about none.
  var stock: Stock?
  /// What makes the figures doubtful, a sentence each.
  var warnings: [String] = []
}

extension Document {
  /// All that is known where there was no plan yet.
  static func failed(_ command: String, _ failure: ktaskctl.Failure) -> Document {
    var document = Document(ktaskctl: Ktaskctl.version, command: command)
    document.errors = [.init(failure)]
    return document
  }

  /// What was asked for, as asked.
  struct Request: Encodable, Equatable, Sendable {
    var bytes: Int
    /// Where in each file they begin; left out where that is its start.
    var offset: Int?
    /// As the user writes it: "2M", "thp".
    var pageSize: String
    /// As the user writes them: "0-3,5".
    var nodes: String?
    /// "bind"; left out where nothing is said of nodes.
    var policy: String?
    /// As the user writes them: "path=/dev/shm/a,size=1G,nodes=0".
    var regions: [String]?
    var files: [String]?
    /// The running process whose memory it is.
    var pid: Int?
    var method: String?
    /// As the user writes them: "auto", "1,2,4".
    var threads: String
    var runs: Int
    var warmup: Int
    var minChunkBytes: Int
    var timeoutSeconds: Double?
    /// Of files that are made, as the user writes them; left out where nothing is said of them.
    var mode: String?
    var owner: String?
    /// Pages of each pool that stay free for others; left out where nothing is said of them.
    var keepFree: Int?
    /// "residency", "none"; left out where all is proven.
    var verify: String?

    enum CodingKeys: String, CodingKey {
      case bytes, offset, nodes, policy, regions, files, pid, method, threads, runs, warmup, mode, owner, verify
      case keepFree = "keep_free"
      case pageSize = "page_size"
      case minChunkBytes = "min_chunk_bytes"
      case timeoutSeconds = "timeout_seconds"
    }
  }

  /// The machine that the figures were taken on.
  struct Host: Encodable, Equatable, Sendable {
    /// What the machine is called in its network, and its first processor calls itself.
    var name: String?
    var processor: String?
    /// The kernel's release, as uname says it. Left out, as all of these, where the kernel does not tell.
    var kernel: String?
    /// The kernel's preemption model: "voluntary".
    var preemption: String?
    /// CPUs online.
    var cpus: Int?
    /// CPUs that this process may run on.
    var allowedCPUs: Int?
    /// None: not known.
    /// Left out where the kernel does not tell of them.
    var nodes: [Node]?

    enum CodingKeys: String, CodingKey {
      case name, processor, kernel, preemption, cpus, nodes
      case allowedCPUs = "allowed_cpus"
    }
  }

  /// A NUMA node of the host.
  struct Node: Encodable, Equatable, Sendable {
    var node: Int
    /// As the kernel lists them: "0-3".
    var cpus: String
    /// Left out where the kernel does not tell.
    var memoryBytes: Int?

    enum CodingKeys: String, CodingKey {
      case node, cpus
      case memoryBytes = "memory_bytes"
    }
  }

  /// What a FILE came to.
  struct File: Encodable, Equatable, Sendable {
    var path: String
    /// What a running process calls it, as the kernel writes it; `prefault --pid` only.
    var name: String?
    var bytes: Int
    /// Bytes that had their memory before; left out where the kernel does not tell.
    var alreadyResidentBytes: Int?
    /// Bytes that this run gave their memory; left out where that is not known.
    var addedBytes: Int?
    /// Of the resident ones those that nobody has cleared yet; `verify` only, left out where there are none.
    var unclearedBytes: Int?
    /// Pages on each node, by the node's number; left out where it was not asked of the kernel.
    var pagesByNode: [String: Int]?
    /// Bytes of most of its pages, and bytes in pages larger than the base page; `verify` only.
    var pageSize: Int?
    var hugeBytes: Int?
    /// Whether all of it is zero, where that was looked at.
    var zero: Bool?
    /// Where it was in the stock that it was taken from.
    var takenFrom: String?
    /// Why it was not taken from the stock that was named: "none-ready".
    var notTaken: String?
    /// Where it is in the stock that it was given to.
    var returnedTo: String?

    enum CodingKeys: String, CodingKey {
      case path, name, bytes, zero
      case takenFrom = "taken_from"
      case notTaken = "not_taken"
      case returnedTo = "returned_to"
      case pageSize = "page_size"
      case hugeBytes = "huge_bytes"
      case unclearedBytes = "uncleared_bytes"
      case alreadyResidentBytes = "already_resident_bytes"
      case addedBytes = "added_bytes"
      case pagesByNode = "pages_by_node"
    }
  }

  /// What was looked at afterwards, and found.
  struct Verified: Encodable, Equatable, Sendable {
    /// Left out where the content was not looked at.
    var zero: Bool?
    /// Left out where the kernel does not tell.
    var residentBytes: Int?
    /// Bytes of most of the pages; left out where the kernel does not tell.
    var pageSize: Int?
    /// Bytes in pages larger than the base page.
    var hugeBytes: Int?
    var lockedBytes: Int?
    var pinnedBytes: Int?
    /// Anonymous memory's pages on each node, base pages or the pool's, by the node's number.
    var pagesByNode: [String: Int]?
    /// Where devices see the first byte, in hexadecimal: it may be beyond what JSON's numbers hold.
    var iovaBase: String?

    enum CodingKeys: String, CodingKey {
      case zero
      case pagesByNode = "pages_by_node"
      case residentBytes = "resident_bytes"
      case pageSize = "page_size"
      case hugeBytes = "huge_bytes"
      case lockedBytes = "locked_bytes"
      case pinnedBytes = "pinned_bytes"
      case iovaBase = "iova_base"
    }
  }

  /// One thing that went wrong.
  struct Failure: Encodable, Equatable, Sendable {
    /// The cause as one word for programs: "no-memory".
    var code: String
    var exitStatus: Int
    var message: String
    var path: String?
    /// Where in the file or region, in bytes.
    var offset: Int?
    var bytes: Int?
    var node: Int?
    /// The errno's name: "EFAULT".
    var errno: String?
    /// What may help: a command, a setting.
    var remedy: String?

    enum CodingKeys: String, CodingKey {
      case code, message, path, offset, bytes, node, errno, remedy
      case exitStatus = "exit_status"
    }
  }

  /// What was given back after a failure.
  struct Undone: Encodable, Equatable, Sendable {
    var bytes: Int
    /// Whether that was everything this run had added.
    var complete: Bool
  }
}
