import CNuma
import Glibc

/// Where pages are, asked of the kernel by system calls of the tests' own.
enum Pages {
  static let base = 4096
  static let huge = 2 << 20
  static let gigantic = 1 << 30

  /// How many pages of a file are on which node. Where pages are missing, only their number, under -1: asking for the
  /// others would make them.
  ///
  /// Each page is asked for twice, by move_pages and by get_mempolicy, which must agree.
  static func nodes(of path: String, pageSize: Int) throws(TestEnd) -> [Int: Int] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    if file == -1 { throw .errno(path) }
    defer { close(file) }
    let length = Int(lseek(file, 0, SEEK_END))
    if length == 0 { return [:] }
    guard let start = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, file, 0), unsafe start != MAP_FAILED else {
      throw .errno("mmap \(path)")
    }
    defer { unsafe munmap(start, length) }
    // not mincore: before Linux 6.5 it looked for huge pages of a file in the wrong places
    var status = stat()
    if unsafe fstat(file, &status) != 0 { throw .errno("fstat \(path)") }
    let missing = max(0, length - Int(status.st_blocks) * 512)
    if missing > 0 { return [-1: missing / pageSize] }
    var counts: [Int: Int] = [:]
    for offset in stride(from: 0, to: length, by: pageSize) {
      try unsafe counts[node(start + offset), default: 0] += 1
    }
    return counts
  }

  /// The node of one page that is there.
  private static func node(_ page: UnsafeMutableRawPointer) throws(TestEnd) -> Int {
    // a page that is there is not yet in this process's page table
    _ = unsafe page.assumingMemoryBound(to: UInt8.self).pointee
    var (byPolicy, byStatus): (CInt, CInt) = (-1, -1)
    // MPOL_F_NODE | MPOL_F_ADDR, MPOL_F_ADDR being 2
    if unsafe get_mempolicy(&byPolicy, nil, 0, page, 1 | 2) != 0 { throw .errno("get_mempolicy") }
    var pages: [UnsafeMutableRawPointer?] = unsafe [page]
    if unsafe move_pages(0, 1, &pages, nil, &byStatus, 0) != 0 { throw .errno("move_pages") }
    if byPolicy != byStatus { throw .failed("get_mempolicy says node \(byPolicy), move_pages \(byStatus)") }
    return Int(byPolicy)
  }
}

/// The pools of huge pages, node by node.
enum Pools {
  private static func directory(_ node: Int, _ pageSize: Int) -> String {
    "/sys/devices/system/node/node\(node)/hugepages/hugepages-\(pageSize >> 10)kB"
  }

  static func free(_ node: Int, _ pageSize: Int = Pages.huge) -> Int {
    Files.number(directory(node, pageSize) + "/free_hugepages") ?? -1
  }

  /// Free pages, node by node.
  static func free(on test: Test, _ pageSize: Int = Pages.huge) -> [Int] {
    (0..<test.machine.nodes).map { free($0, pageSize) }
  }

  static func total(_ node: Int, _ pageSize: Int = Pages.huge) -> Int {
    Files.number(directory(node, pageSize) + "/nr_hugepages") ?? -1
  }

  /// All pages, node by node.
  static func totals(on test: Test) -> [Int] { (0..<test.machine.nodes).map { total($0) } }

  /// Each node's pages, the free ones, and those of the surplus.
  static func counts(on test: Test) -> [[Int]] {
    (0..<test.machine.nodes).map { node in
      ["nr_hugepages", "free_hugepages", "surplus_hugepages"].map {
        Files.number("\(directory(node, Pages.huge))/\($0)") ?? -1
      }
    }
  }

  /// Runs `body` with so many 2 MiB pages on each node, by its number, and none afterwards.
  static func with<Result>(_ pages: [Int: Int], _ body: () throws -> Result) throws -> Result {
    defer { for node in pages.keys { _ = set(node, 0) } }
    for (node, count) in pages where !set(node, count) {
      throw TestEnd.failed("node \(node) has \(total(node)) huge pages, \(count) were asked for")
    }
    return try body()
  }

  private static func set(_ node: Int, _ count: Int) -> Bool {
    Files.write(directory(node, Pages.huge) + "/nr_hugepages", "\(count)") && total(node) == count
  }
}

/// Contents.
extension Pages {
  /// Writes every byte of a file that is there.
  static func fill(_ path: String, with byte: UInt8) throws(TestEnd) {
    try unsafe withMapping(of: path, writing: true) { unsafe memset($0.baseAddress!, CInt(byte), $0.count) }
  }

  /// Where the first byte is that `isWanted`, of a file that is there.
  static func firstByte(of path: String, _ isWanted: (UInt8) -> Bool) throws(TestEnd) -> Int? {
    var found: Int?
    try unsafe withMapping(of: path, writing: false) { found = unsafe $0.firstIndex(where: isWanted) }
    return found
  }

  /// Lets the kernel take the base page at an offset for broken (MADV_HWPOISON). It kills the process that has it
  /// mapped, by SIGBUS: a child.
  static func poison(_ path: String, offset: Int) throws(TestEnd) {
    let child = try Program.run(["/proc/self/exe", "poison", path, "\(offset)"])
    if child.status != 128 + SIGBUS { throw .failed("poisoning: status \(child.status) \(child.errors)") }
  }

  /// The child's part.
  static func poisonAndDie(_ path: String, offset: Int) -> Never {
    _ = try? unsafe withMapping(of: path, writing: true) { mapping in
      let page = unsafe mapping.baseAddress! + offset
      unsafe page.storeBytes(of: 1, as: UInt8.self)
      unsafe madvise(page, base, 100)
      unsafe perror("madvise(MADV_HWPOISON)")
    }
    exit(71)
  }

  private static func withMapping(
    of path: String, writing: Bool, _ body: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(TestEnd) {
    let file = unsafe open(path, writing ? O_RDWR | O_CLOEXEC : O_RDONLY | O_CLOEXEC)
    if file == -1 { throw .errno(path) }
    defer { close(file) }
    let length = Int(lseek(file, 0, SEEK_END))
    let protection = writing ? PROT_READ | PROT_WRITE : PROT_READ
    guard let start = unsafe mmap(nil, length, protection, MAP_SHARED, file, 0), unsafe start != MAP_FAILED else {
      throw .errno("mmap \(path)")
    }
    unsafe body(UnsafeMutableRawBufferPointer(start: start, count: length))
    unsafe munmap(start, length)
  }
}
