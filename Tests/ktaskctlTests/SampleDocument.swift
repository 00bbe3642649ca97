import LinuxSystem

@testable import ktaskctl

extension Document.Result {
  /// A measurement of clearing 4 GiB.
  static func sample(threads: Int, times: [Double], oneThread: Double?) -> Document.Result? {
    var result = Document.Result(
      command: "ktaskctl clear --size 4G --threads \(threads)", threads: threads, bytes: 4 << 30,
      times: times,
      oneThread: oneThread, usage: ResourceUsage(userSeconds: 0.01, systemSeconds: 1.5),
      helpers: [Document.Helper(node: 0, chunks: 8, bytes: 1 << 30, seconds: 0.4)])
    result?.knee = threads
    result?.steps = [.init(threads: threads, bytesPerSecond: 0x1p32)]
    result?.store = .init(name: "memset", tried: [.init(name: "memset", bytesPerSecond: 0x1p32)])
    return result
  }

  /// One and two threads, three runs each: 2 and 4 GiB a second.
  static var sweep: [Document.Result] {
    [
      sample(threads: 1, times: [2, 2.1, 1.9], oneThread: 2),
      sample(threads: 2, times: [1, 1.02, 0.99], oneThread: 2),
    ].compactMap(\.self)
  }
}

extension Document {
  /// A document with every key that there is.
  static let sample = Document(
    ktaskctl: "1.0.0", command: "clear",
    request: Request(
      bytes: 4 << 30, pageSize: "2M", nodes: "0", files: ["/dev/hugepages/vm1"], method: "populate",
      threads: "1,2", runs: 3, warmup: 1, minChunkBytes: 128 << 20, timeoutSeconds: 90),
    host: Host(
      kernel: "6.12.0", preemption: "voluntary", cpus: 4, allowedCPUs: 4,
      nodes: [Node(node: 0, cpus: "0-3", memoryBytes: 16 << 30)]),
    plan: Plan(
      threads: [1, 2], chunkBytes: 512 << 20, bounds: [Bound(what: "cgroup quota", threads: 2)],
      exceededBounds: [Bound(what: "physical cores", threads: 1)], method: "populate",
      nodeTasks: [NodeTask(node: 0, bytes: 4 << 30)], bytesToDo: 4 << 30,
      checks: [Check(what: "free 2 MiB pages on node 0", need: 2048, have: 1200, ok: false)]),
    results: Result.sweep,
    files: [
      File(
        path: "/dev/hugepages/vm1", bytes: 4 << 30, alreadyResidentBytes: 0, addedBytes: 4 << 30,
        pagesByNode: ["0": 2048])
    ],
    verified: Verified(
      zero: true, residentBytes: 4 << 30, pageSize: 2 << 20, hugeBytes: 4 << 30, lockedBytes: 0),
    errors: [
      Failure(
        code: "no-memory", exitStatus: 3, message: "1200 are free", path: "/dev/hugepages/vm1", offset: 0,
        bytes: 4 << 30, node: 0, errno: "EFAULT", remedy: "echo 2048 > nr_hugepages")
    ],
    undone: Undone(bytes: 0, complete: true), warnings: ["1 thread: the runs differ by ±12.0 %"])
}
