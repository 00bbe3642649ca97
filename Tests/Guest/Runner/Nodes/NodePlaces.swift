import CNuma
@unsafe @preconcurrency import Glibc

extension Pages {
  /// The node of each page of a file, all of which are there, in their order.
  static func eachNode(of path: String, pageSize: Int) throws(TestEnd) -> [Int] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    if file == -1 { throw .errno(path) }
    defer { close(file) }
    let length = Int(lseek(file, 0, SEEK_END))
    guard let start = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, file, 0), unsafe start != MAP_FAILED else {
      throw .errno("mmap \(path)")
    }
    defer { unsafe munmap(start, length) }
    var nodes: [Int] = []
    for offset in stride(from: 0, to: length, by: pageSize) {
      var node: CInt = -1
      // MPOL_F_NODE | MPOL_F_ADDR, MPOL_F_ADDR being 2
      if unsafe get_mempolicy(&node, nil, 0, start + offset, 1 | 2) != 0 { throw .errno("get_mempolicy") }
      nodes.append(Int(node))
    }
    return nodes
  }
}

/// Another process's pages, asked for by move_pages(2) while it is stopped.
enum ProcessPages {
  private static let batch = 4096

  /// How many pages of its large anonymous mappings are on which node; those that are not there are not counted.
  static func nodes(of process: pid_t) -> [Int: Int] {
    kill(process, SIGSTOP)
    defer { kill(process, SIGCONT) }
    var counts: [Int: Int] = [:]
    for line in (Files.read("/proc/\(process)/maps") ?? "").split(separator: "\n") {
      // ADDRESS-ADDRESS rw-p OFFSET DEVICE INODE, and no path
      let words = line.split(separator: " ")
      let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard words.count == 5, words[1] == "rw-p", ends.count == 2, ends[1] - ends[0] >= 16 << 20 else { continue }
      for start in stride(from: ends[0], to: ends[1], by: Pages.base * batch) {
        count(start, min(batch, Int(ends[1] - start) / Pages.base), of: process, into: &counts)
      }
    }
    return counts
  }

  private static func count(_ start: UInt, _ pages: Int, of process: pid_t, into counts: inout [Int: Int]) {
    var addresses = unsafe (0..<pages).map { unsafe UnsafeMutableRawPointer(bitPattern: start + UInt($0 * Pages.base)) }
    var nodes = [CInt](repeating: -1, count: pages)
    guard unsafe move_pages(process, UInt(pages), &addresses, nil, &nodes, 0) == 0 else { return }
    for node in nodes where node >= 0 { counts[Int(node), default: 0] += 1 }
  }
}

/// The CPUs that a program's threads were allowed, one after the other, looked at again and again while it runs.
struct HelperPlaces {
  /// By the thread's number, each change once; not what a helper inherits until it is put in its place.
  private(set) var cpus: [String: [[Int]]] = [:]
  private let all = numbers(Files.read("/sys/devices/system/cpu/online") ?? "")

  /// How often a thread was seen where it was put.
  private var count = 0

  /// `name`: of the threads to look at; nil for all. The count of looks, so far, at one that is in its place.
  @discardableResult
  mutating func take(of process: pid_t, named name: String? = "ktask helper") -> Int {
    for thread in Files.list("/proc/\(process)/task") {
      let directory = "/proc/\(process)/task/\(thread)"
      guard let status = Files.read(directory + "/status"), let comm = Files.read(directory + "/comm"),
        let allowed = ProcessFacts.value("Cpus_allowed_list", in: status).map(numbers)
      else { continue }
      if let name, comm != name + "\n" { continue }
      if cpus[thread] == nil && allowed == all { continue }
      if cpus[thread]?.last != allowed { cpus[thread, default: []].append(allowed) }
      count += 1
    }
    return count
  }
}

/// Equal neighbours taken together: "0×32 1×32".
func runs(_ nodes: [Int]) -> String {
  var runs: [(node: Int, count: Int)] = []
  for node in nodes {
    if runs.last?.node == node { runs[runs.count - 1].count += 1 } else { runs.append((node, 1)) }
  }
  return runs.prefix(20).map { "\($0.node)×\($0.count)" }.joined(separator: " ")
}
