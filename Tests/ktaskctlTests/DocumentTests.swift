import FoundationEssentials
import Testing

@testable import ktaskctl

@Suite("The JSON document and the exports")
struct DocumentTests {
  @Test("the least document has its lists, and nothing that is not known")
  func least() throws {
    let document = Document(ktaskctl: "1.0.0", command: "clear")
    #expect(try keys(document.json()) == ["command", "errors", "files", "ktaskctl", "results", "warnings"])
  }

  @Test("the whole document has the keys of the contract, at every level")
  func whole() throws {
    let json = try parsed(Document.sample.json())
    #expect(
      json.keys == [
        "command", "errors", "files", "host", "ktaskctl", "plan", "request", "results", "undone", "verified",
        "warnings",
      ])
    #expect(
      json["request"]?.keys == [
        "bytes", "files", "method", "min_chunk_bytes", "nodes", "page_size", "runs", "threads",
        "timeout_seconds",
        "warmup",
      ])
    #expect(json["host"]?.keys == ["allowed_cpus", "cpus", "kernel", "nodes", "preemption"])
    #expect(json["host"]?["nodes"]?.first?.keys == ["cpus", "memory_bytes", "node"])
    #expect(
      json["plan"]?.keys == [
        "bounds", "bytes_to_do", "checks", "chunk_bytes", "exceeded_bounds", "method", "node_tasks",
        "threads",
      ])
    #expect(json["plan"]?["bounds"]?.first?.keys == ["threads", "what"])
    #expect(json["plan"]?["checks"]?.first?.keys == ["have", "need", "ok", "what"])
    #expect(json["plan"]?["node_tasks"]?.first?.keys == ["bytes", "node"])
    #expect(
      json["files"]?.first?.keys == [
        "added_bytes", "already_resident_bytes", "bytes", "pages_by_node", "path",
      ])
    #expect(
      json["verified"]?.keys == ["huge_bytes", "locked_bytes", "page_size", "resident_bytes", "zero"])
    #expect(
      json["errors"]?.first?.keys == [
        "bytes", "code", "errno", "exit_status", "message", "node", "offset", "path", "remedy",
      ])
    #expect(json["undone"]?.keys == ["bytes", "complete"])
  }

  @Test("a result carries hyperfine's names and ours")
  func hyperfineNames() throws {
    let result = try #require(try parsed(Document.sample.json())["results"]?.list?.last)
    #expect(
      result.keys == [
        "bytes_per_second", "command", "efficiency", "exit_codes", "helpers", "knee", "max", "mean", "median", "min",
        "parameters", "speedup", "spread", "stddev", "steps", "store", "system", "threads", "times", "user",
      ])
    #expect(result["steps"]?.first?.keys == ["bytes_per_second", "threads"])
    #expect(result["store"]?.keys == ["name", "tried"])
    #expect(result["store"]?["tried"]?.first?.keys == ["bytes_per_second", "name"])
    #expect(result["helpers"]?.first?.keys == ["bytes", "chunks", "node", "seconds"])
    #expect(result["parameters"]?["threads"] == .text("2"))
    #expect(result["exit_codes"] == .list([.number(0), .number(0), .number(0)]))
  }

  @Test("a single run's deviation is null, as hyperfine writes it, and its speed-up is left out")
  func singleRun() throws {
    let single = try #require(Document.Result.sample(threads: 2, times: [1], oneThread: nil))
    let document = Document(ktaskctl: "1.0.0", command: "clear", results: [single])
    let result = try #require(try parsed(document.json())["results"]?.first)
    #expect(result["stddev"] == .null)
    #expect(result["speedup"] == nil && result["efficiency"] == nil)
  }

  @Test("the text is indented, in order, and has no escaped slashes")
  func readable() {
    let json = Document.sample.json()
    #expect(json.hasPrefix("{\n  \"command\""))
    #expect(json.contains("\"/dev/hugepages/vm1\""))
    #expect(!json.contains("\\/"))
  }

  @Test("rate, speed-up and efficiency come from the medians")
  func derived() throws {
    let result = try #require(Document.Result.sample(threads: 4, times: [0.5, 0.4, 9], oneThread: 1))
    #expect(result.median == 0.5)
    #expect(result.bytesPerSecond == Double(8 << 30))
    #expect(result.gibPerSecond == 8)
    #expect(result.speedup == 2 && result.efficiency == 0.5)
  }

  @Test("times of zero and no times give no infinite figures")
  func degenerate() throws {
    let result = try #require(Document.Result.sample(threads: 2, times: [0, 0], oneThread: 0))
    #expect(result.bytesPerSecond == 0 && result.speedup == nil && result.efficiency == nil)
    #expect(Document.Result.sample(threads: 2, times: [], oneThread: 1) == nil)
  }

  @Test("a figure that JSON has no number for does not stop the document")
  func notANumber() throws {
    var document = Document.sample
    document.request?.timeoutSeconds = .infinity
    #expect(try parsed(document.json())["request"]?["timeout_seconds"] == .text("inf"))
  }

  private func keys(_ json: String) throws -> [String] { try parsed(json).keys }

  private func parsed(_ json: String) throws -> JSONValue {
    try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
  }
}
