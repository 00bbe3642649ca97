import Glibc
import LinuxSystem

extension Part {
  static let peers = Part(
    name: "peers", title: "memory made ready by each program, on an idle machine and beside a busy CPU",
    measure: measurePeers)
}

private let qemu = "qemu-system-x86_64"

/// Who makes memory ready; the first is what the others are held against.
private enum Peer: String, CaseIterable {
  case ktaskctl
  case loop = "C loop, a thread a CPU"
  case fallocate = "fallocate(1)"
  case qemuTwo = "QEMU, 2 threads"
  case qemuOne = "QEMU, 1 thread"
}

/// Where the memory is.
private struct Ground {
  let name: String
  /// nil: nobody's but the process's that makes it, and gone with it.
  let file: String?
  /// ktaskctl's word for the pages.
  let page: String
  let bytes: Int
}

private func measurePeers(_ setting: Setting) throws {
  let bytes = fitting(setting.quick ? 512 << 20 : 4 << 30)
  let grounds = try grounds(bytes)
  let peers = Peer.allCases.filter { Programs.exists(qemu) || $0 != .qemuTwo && $0 != .qemuOne }
  var (rows, all): ([[String]], [Times]) = ([], [])
  for busy in [0, 1] {
    // ends with this round
    let load = busy == 0 ? nil : try Load(threads: busy)
    for ground in grounds {
      let able = peers.filter { peer in run(peer, on: ground, setting) != nil }
      let times = try inTurns(
        setting.quick ? 3 : 7,
        able.compactMap { peer in run(peer, on: ground, setting).map { Contestant(name: peer.rawValue, run: $0) } })
      rows.append(
        ["\(ground.bytes.asSize), \(ground.name)\(busy == 0 ? "" : ", beside a busy CPU")"]
          + peers.map { peer in
            guard let index = able.firstIndex(of: peer) else { return "–" }
            return times[index].text + (index == 0 ? "" : " (\((times[index].median / times[0].median).fixed(2))x)")
          })
      all += times
    }
    withExtendedLifetime(load) {}
  }
  printTable(["process start to exit"] + peers.map(\.rawValue), rows)
  printReading("in brackets, how many times ktaskctl's time; it looks at what it made as well.", of: all)
}

private func grounds(_ bytes: Int) throws -> [Ground] {
  let pooled = try HugePages.reserve(bytes)
  let huge = try HugePages.mountFileSystem() + "/memory"
  let base = try mountOwn("tmpfs", "size=90%,huge=never") + "/memory"
  for file in [huge, base] { CleanUp.add { unsafe unlink(file) } }
  return [
    Ground(name: "hugetlbfs, 2M", file: huge, page: "2M", bytes: pooled),
    Ground(name: "tmpfs, 4K", file: base, page: "4K", bytes: bytes),
    Ground(name: "anonymous, thp", file: nil, page: "thp", bytes: bytes),
    Ground(name: "anonymous, 4K", file: nil, page: "4K", bytes: bytes),
  ]
}

/// One way of making it, timed; nil: it has none. Taking a file away is not timed, the end of what has no file is.
private func run(_ peer: Peer, on ground: Ground, _ setting: Setting) -> (() throws -> Double)? {
  guard let file = ground.file else { return runWithoutFile(peer, ground, setting) }
  let size = "\(ground.bytes)"
  let run: () throws -> Double =
    switch peer {
    case .ktaskctl: { try Programs.run([setting.program, "prefault", file, "--size", size, "--quiet"]) }
    case .loop: { try seconds { try populate(.file(file), ground.bytes) } }
    case .fallocate: { try Programs.run(["fallocate", "-l", size, file]) }
    case .qemuTwo: { try startQEMU("memory-backend-file,mem-path=\(file),share=on", size, threads: 2) }
    case .qemuOne: { try startQEMU("memory-backend-file,mem-path=\(file),share=on", size, threads: 1) }
    }
  return {
    defer { unsafe unlink(file) }
    return try run()
  }
}

private func runWithoutFile(_ peer: Peer, _ ground: Ground, _ setting: Setting) -> (() throws -> Double)? {
  let size = "\(ground.bytes)"
  let once = ["--threads", "auto", "--runs", "1", "--warmup", "0", "--quiet"]
  switch peer {
  case .ktaskctl:
    return { try Programs.run([setting.program, "clear", "--size", size, "--page-size", ground.page] + once) }
  case .loop: return { try seconds { try populate(.anonymous(huge: ground.page == "thp"), ground.bytes) } }
  // QEMU's own is of transparent huge pages
  case .qemuTwo where ground.page == "thp": return { try startQEMU("memory-backend-ram", size, threads: 2) }
  case .qemuOne where ground.page == "thp": return { try startQEMU("memory-backend-ram", size, threads: 1) }
  default: return nil
  }
}

private enum Memories {
  case file(String)
  case anonymous(huge: Bool)
}

/// What anybody would write: map, start the threads, each of which populates its share in one call.
private func populate(_ memory: Memories, _ bytes: Int) throws {
  let mapping: Mapping
  switch memory {
  case .file(let path):
    let file = try FileDescriptor.open(path, .createNew)
    try file.resize(to: bytes)
    mapping = try Mapping.shared(file, bytes)
  case .anonymous(let huge):
    mapping = try Mapping.anonymous(bytes, alignment: HugePages.size)
    try Memory.adviseHuge(mapping.address, bytes, huge)
  }
  let (address, threads) = (mapping.address, Topology.current().onlineCPUs.count)
  let share = bytes / threads / HugePages.size * HugePages.size
  Threads.run(threads) { index in
    let length = index + 1 == threads ? bytes - index * share : share
    do throws(Errno) {
      try Memory.populate(address + UInt(index * share), length)
    } catch {
      fatalError("the plain loop: \(error)")
    }
  }
}

/// Starts QEMU with that memory and lets it quit by QMP as soon as it listens: by then the memory is there.
private func startQEMU(_ memory: String, _ size: String, threads: Int) throws -> Double {
  let (reading, writing) = try Programs.pipe(holding: #"{"execute":"qmp_capabilities"}{"execute":"quit"}"#)
  defer { for end in [reading, writing] { close(end) } }
  let object = "\(memory),id=memory,size=\(size),prealloc=on,prealloc-threads=\(threads)"
  let machine = ["-machine", "none", "-nodefaults", "-display", "none", "-S", "-qmp", "stdio"]
  return try Programs.run([qemu] + machine + ["-object", object], input: reading)
}
