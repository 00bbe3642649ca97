import Foundation
import KTask
import LinuxSystem
import MemoryWork
import Testing

@testable import ktaskctl

@Suite("The machine in words")
struct TopologyTextTests {
  /// Two nodes, one of them of memory alone and fast, as firmware says.
  private static func madeUp() -> TopologyReport {
    let rules = HelperRules.madeUp
    return TopologyReport(
      host: .init(
        processor: "Made Up 9000", kernel: "6.1.0", preemption: "voluntary", cpus: 4, allowedCPUs: 3,
        nodes: [.init(node: 0, cpus: "0-3", memoryBytes: 4 << 30), .init(node: 3, cpus: "", memoryBytes: nil)]),
      physicalCores: 2, memoryAvailableBytes: 3 << 30, basePageSize: 4096, transparentHugePages: "madvise",
      pools: [
        .init(
          pageSize: "2M", total: 8, free: 3, reserved: 1, available: 2,
          nodes: [.init(node: 0, total: 5, free: 0), .init(node: 3, total: 3, free: 3)])
      ],
      nodes: [
        .init(node: 0, availableBytes: 3 << 30, freeBytes: 2 << 30, distances: ["0": 10, "3": 21]),
        .init(
          node: 3, distances: ["0": 21, "3": 10],
          access: .init(
            NodeAccess(
              initiators: NodeSet([0]), read: .init(bandwidth: 10240, latency: 50),
              write: .init(bandwidth: nil, latency: 60)))),
      ],
      hugetlbMounts: [.init(path: "/dev/hugepages", pageSize: "2M")], limits: .init(cgroupCpus: 1.5),
      power: "no cpufreq", threads: 2, bounds: [.init(what: "physical cores", threads: 2)], helpers: .init(rules),
      unknown: [.init(what: "memory of nodes", why: "it is made up")], helperRules: rules)
  }

  private static let expected = """
    kernel:                   6.1.0, voluntary
    processor:                Made Up 9000
    CPUs online:              4
    CPUs allowed:             3
    physical cores:           2
    power policy:             no cpufreq
    memory available:         3 GiB
    page size:                4K
    transparent huge pages:   madvise
    nodes:                    2 (0,3)
    node 0 cpus:              0-3
    node 0 size:              4 GiB
    node 0 free:              2 GiB, available 3 GiB
    node 0 2M pages:          5, 0 free
    node 3 cpus:              none
    node 3 size:              unknown
    node 3 free:              unknown, available unknown
    node 3 2M pages:          3, 3 free
    node 3 read:              10240 MB/s, 50 ns from node 0
    node 3 write:             60 ns from node 0
    node distances:
    node   0   3
      0:  10  21
      3:  21  10
    2M pages:                 8, 3 free, 1 reserved, 2 available
    hugetlbfs of 2M pages:    /dev/hugepages
    locked memory:            no limit
    file size:                no limit
    address space:            no limit
    data:                     no limit
    cgroup CPU quota:         1.50 CPUs
    cgroup memory left:       no limit
    threads:                  2
      bound: physical cores:  2
    helpers:                  nice 19, at most 3 at once over all processes (2 free now)
      at the end:             the caller lends its priority to one at a time at the end
    unknown: memory of nodes: it is made up

    """

  @Test("is labels and values below each other, as lscpu has it, and nodes as numactl has them")
  func text() {
    #expect(Self.madeUp().text() == Self.expected)
  }

  /// What was measured, or why nothing was, and its text.
  private static let knees: [(MeasuredKnee?, why: String?, text: String)] = [
    (
      MeasuredKnee(
        bytes: 1 << 30, threads: 4, knee: 2, steps: [.init(threads: 2, units: 3 << 30, nanoseconds: 1_000_000_000)],
        bytesPerSecond: 0x1p31), nil, "2 of 4 threads, 2.00 GiB/s, on 1 GiB, verified"
    ),
    (
      MeasuredKnee(bytes: 1 << 29, threads: 64, knee: nil, steps: [], bytesPerSecond: 0x1p35), nil,
      "not found, 64 threads, 32.00 GiB/s, on 512 MiB, verified: it was over before a knee showed"
    ),
    (
      MeasuredKnee(bytes: 1 << 30, threads: 1, knee: nil, steps: [], bytesPerSecond: 0x1p30), nil,
      "not found, 1 thread, 1.00 GiB/s, on 1 GiB, verified: more threads cannot be had for so little"
    ),
    (nil, "too little is free", "not measured: too little is free"),
  ]

  @Test("tells the knees that were measured, and why one was not")
  func knees() throws {
    typealias Knee = TopologyReport.Knee
    var report = Self.madeUp()
    report.knees = Self.knees.map { found, why, _ in
      var knee = Knee(pageSize: "2M", node: 1)
      knee.why = why
      if let found { knee.take(found) }
      return knee
    }
    let lines = report.text().split(separator: "\n").filter { $0.hasPrefix("knee of ") }
    #expect(lines == Self.knees.map { "knee of 2M pages on node 1:  \($0.text)" })
    #expect(Knee(pageSize: "thp", node: nil).label == "knee of thp pages")
    let text = report.json()
    #expect(try #require(Schema.ofDocuments).faults(in: text) == [])
    let document = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    let all = ["bytes", "bytes_per_second", "node", "page_size", "threads", "why"]
    #expect(
      document["knees"]?.list?.map(\.keys) == [
        ["bytes", "bytes_per_second", "knee", "node", "page_size", "steps", "threads"], all, all,
        ["node", "page_size", "why"],
      ])
    #expect(!Self.madeUp().json().contains("\"knees\""))
  }

  @Test("has firmware's figures in bytes and seconds in its JSON, and leaves out of what it says nothing")
  func access() throws {
    let text = Self.madeUp().json()
    #expect(try #require(Schema.ofDocuments).faults(in: text) == [])
    let document = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    let nodes = try #require(document["nodes"]?.list)
    #expect(nodes.map { $0["free_bytes"] } == [.number(Double(2 << 30)), nil])
    #expect(
      nodes.map { $0["access"] } == [
        nil,
        .object([
          "from_nodes": .text("0"), "read_bytes_per_second": .number(10_240_000_000),
          "read_latency_seconds": .number(5e-8), "write_latency_seconds": .number(6e-8),
        ]),
      ])
  }

  @Test("distances are a table where there are several nodes")
  func distances() {
    let states = [(0, [10, 21]), (3, [21, 10])].map { node, row in
      TopologyReport.NodeState(node: node, distances: ["0": row[0], "3": row[1]])
    }
    #expect(
      TopologyReport.distanceLines(states) == ["node distances:", "node   0   3", "  0:  10  21", "  3:  21  10"])
    #expect(TopologyReport.distanceLines([states[0]]) == [])
  }
}
