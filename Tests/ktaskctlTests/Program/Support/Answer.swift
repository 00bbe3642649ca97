/// What a script reads of the JSON document.
struct Answer: Decodable {
  struct Host: Decodable {
    var name: String?
    var processor: String?
    var kernel: String?
    var cpus: Int?
    var allowedCpus: Int?
  }
  struct Request: Decodable {
    var bytes: Int
    var pageSize: String
    var nodes: String?
    var policy: String?
    var regions: [String]?
    var files: [String]
    var pid: Int?
    var method: String?
    var threads: String
    var runs: Int
    var warmup: Int
  }
  struct Plan: Decodable {
    struct Bound: Decodable {
      var what: String
      var threads: Int
    }
    struct NodeTask: Decodable {
      var node: Int?
      var bytes: Int
    }
    struct Check: Decodable {
      var what: String
      var need: Int?
      var have: Int?
      var ok: Bool?
      var notMade: String?
    }
    struct Helpers: Decodable {
      var nice: Int
      var tail: String
      var limit: Int
      var left: Int
      var machineWide: Bool
    }
    var threads: [Int]
    var chunkBytes: Int
    var bounds: [Bound]
    var exceededBounds: [Bound]
    var helpers: Helpers
    var nodeTasks: [NodeTask]
    var bytesToDo: Int
    var growPool: [PoolRaise]?
    var shrinkPool: [PoolRaise]?
    var checks: [Check]
  }
  struct Result: Decodable {
    struct Helper: Decodable {
      var chunks: Int
      var bytes: Int
    }
    var command: String
    var mean: Double
    var stddev: Double?
    var median: Double
    var user: Double?
    var system: Double?
    var min: Double
    var max: Double
    var times: [Double]
    var exitCodes: [Int]
    var parameters: [String: String]
    var threads: Int
    var bytesPerSecond: Double
    var speedup: Double?
    var spread: Double?
    var memoryUsageByte: [Int]?
    var helpers: [Helper]
  }
  struct File: Decodable {
    var path: String
    var name: String?
    var bytes: Int
    var alreadyResidentBytes: Int?
    var addedBytes: Int?
    var pagesByNode: [String: Int]?
    var pageSize: Int?
    var hugeBytes: Int?
    var zero: Bool?
    var takenFrom: String?
    var notTaken: String?
    var returnedTo: String?
  }
  struct Stock: Decodable {
    struct Kind: Decodable {
      var kind: String
      var ready: Int
    }
    var ready: Int
    var making: Int
    var returned: Int
    var allocatedBytes: Int
    var kinds: [Kind]
    var foreign: [String]
  }
  struct Verified: Decodable {
    var zero: Bool?
    var residentBytes: Int?
    var pageSize: Int?
    var hugeBytes: Int?
    var lockedBytes: Int?
    var pagesByNode: [String: Int]?
    var pinnedBytes: Int?
  }
  struct PoolRaise: Decodable {
    var pageSize: Int
    var node: Int?
    var pages: Int
  }
  struct Failure: Decodable {
    var code: String
    var exitStatus: Int32
    var message: String
    var path: String?
    var offset: Int?
    var node: Int?
    var errno: String?
    var remedy: String?
  }
  struct Undone: Decodable {
    var bytes: Int
    var complete: Bool
  }
  var command: String
  var request: Request?
  var host: Host?
  var date: String?
  var plan: Plan?
  var results: [Result]
  var files: [File]
  var verified: Verified?
  var held: Bool?
  var grown: [PoolRaise]?
  var shrunk: [PoolRaise]?
  var stock: Stock?
  var errors: [Failure]
  var undone: Undone?
  var warnings: [String]?
}

extension String {
  /// With one space where there are several.
  var withoutColumns: String {
    split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
  }
}
