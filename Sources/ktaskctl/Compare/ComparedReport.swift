internal import FoundationEssentials
import LinuxSystem

/// A report that was written to a file: as much of it as is compared. All but the times may be missing, as in hyperfine's.
struct ComparedReport: Equatable, Sendable {
  var path: String
  var command: String?
  var request: Request?
  var host: Host?
  /// By the number of threads.
  var times: [Int: [Double]]

  struct Request: Decodable, Equatable, Sendable {
    var bytes: Int?
    var pageSize: String?
    var nodes: String?
    var method: String?

    enum CodingKeys: String, CodingKey {
      case bytes, nodes, method
      case pageSize = "page_size"
    }
  }

  struct Host: Decodable, Equatable, Sendable {
    var name: String?
    var processor: String?
    var kernel: String?
    var allowedCPUs: Int?

    enum CodingKeys: String, CodingKey {
      case name, processor, kernel
      case allowedCPUs = "allowed_cpus"
    }
  }
}

extension ComparedReport {
  /// As it is written.
  private struct Written: Decodable {
    struct Result: Decodable {
      var threads: Int?
      var parameters: [String: String]?
      var times: [Double]

      /// nil: it says nothing of them.
      var count: Int? { threads ?? parameters?["threads"].flatMap { Int($0) } }
    }
    var command: String?
    var request: Request?
    var host: Host?
    var results: [Result]
  }

  /// Seconds that a run may have taken: what no clock shows, and longer than anybody has waited.
  private static let (shortest, longest) = (1e-9, 1e12)

  /// Reads a file, a FIFO too.
  static func read(_ path: String) throws(Failure) -> ComparedReport {
    let text: String
    do throws(Unreadable) {
      text = try SystemFiles().demand(path)
    } catch {
      let why = error.errno.map { ": \($0.sentence)" } ?? ""
      throw Failure(path.shown, "cannot be read\(why)", path: path, errno: error.errno)
    }
    return try parse(text, path)
  }

  /// `path`: where the text was read.
  static func parse(_ text: String, _ path: String) throws(Failure) -> ComparedReport {
    guard let written = try? JSONDecoder().decode(Written.self, from: Data(text.utf8)) else {
      throw noReport(path, "is no report")
    }
    var times: [Int: [Double]] = [:]
    for result in written.results {
      guard let count = result.count, count > 0, !result.times.isEmpty,
        result.times.allSatisfy({ $0 == 0 || (shortest...longest).contains($0) })
      else { throw noReport(path, "has a result without a number of threads or without times") }
      // as hyperfine writes where it varies something else, too
      if times.updateValue(result.times, forKey: count) != nil {
        throw Failure(
          path.shown, "has several results for \(count.counted("thread")): which is meant is not known",
          remedy: "a report whose results differ in the number of threads alone", path: path)
      }
    }
    if times.isEmpty { throw noReport(path, "has no results") }
    return ComparedReport(
      path: path, command: written.command, request: written.request, host: written.host, times: times)
  }

  private static func noReport(_ path: String, _ why: String) -> Failure {
    Failure(path.shown, why, remedy: "one that is: ktaskctl clear --size 1G --export-json FILE", path: path)
  }
}
