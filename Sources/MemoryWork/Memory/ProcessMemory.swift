public import LinuxSystem

/// Which of a running process's memory is meant.
public enum ProcessPart: Hashable, Sendable {
  case all
  /// The file of a descriptor, by its number.
  case descriptor(Int)
  /// The file that is mapped there, be it in part: all of it.
  case mapping(Range<UInt64>)
}

/// The memory of a running process that others can make ready: what it shares, as files of tmpfs and hugetlbfs, with names or
/// without. Each is one file, however often it is open and mapped, and comes once, the largest first.
public struct ProcessMemory: Equatable, Sendable {
  public struct File: Equatable, Sendable {
    /// The link of /proc that leads to it.
    public let path: String
    /// What it is called, as the kernel writes it.
    public let name: String
    public let id: FileID
    public let bytes: Int
    /// Where the process has mapped it first, or part of it; nil: it has not.
    public let mappedAt: UInt64?
  }
  public let files: [File]
  /// Why others that it shares cannot be reached; none where one was asked for.
  public let leftAlone: [MemoryError]

  /// Looks at what the process has now, and touches none of it.
  public init(_ process: borrowing RunningProcess, _ part: ProcessPart) throws(MemoryError) {
    switch process.kind {
    case .zombie: throw MemoryError(.process(process.number, .ended))
    case .kernelThread: throw MemoryError(.process(process.number, .kernelThread))
    case .program, nil: break
    }
    let search = ProcessSearch(process.number, process.folder, try Self.had(by: process))
    switch part {
    case .all: (files, leftAlone) = try search.all()
    case .descriptor(let number): (files, leftAlone) = ([try search.file(ofDescriptor: number)], [])
    case .mapping(let addresses): (files, leftAlone) = ([try search.file(mappedAt: addresses)], [])
    }
  }

  private static func had(
    by process: borrowing RunningProcess
  ) throws(MemoryError) -> (descriptors: [Int], mappings: [ProcessMapping]) {
    do throws(Errno) {
      return try ProcessFiles.of(process)
    } catch {
      if process.hasEnded { throw MemoryError(.process(process.number, .ended)) }
      // the last two: of a /proc that hides others' processes
      if ![.access, .permission, .noEntry, .noProcess].contains(error) {
        throw MemoryError(.failed(.inspect, error), path: process.folder)
      }
      throw MemoryError(.process(process.number, .denied(error)))
    }
  }
}

/// Goes through what a process has.
private struct ProcessSearch {
  private let number: Int
  private let folder: String
  private let descriptors: [Int]
  private let mappings: [ProcessMapping]
  private let shared: [FileID: ProcessMapping]
  private let privately: [FileID: ProcessMapping]

  init(_ number: Int, _ folder: String, _ had: (descriptors: [Int], mappings: [ProcessMapping])) {
    (self.number, self.folder, descriptors, mappings) = (number, folder, had.descriptors, had.mappings)
    shared = Dictionary(mappings.filter(\.isShared).map { ($0.id, $0) }) { first, _ in first }
    privately = Dictionary(mappings.filter { !$0.isShared }.map { ($0.id, $0) }) { first, _ in first }
  }

  /// Refused only where there is none of it that can be had.
  func all() throws(MemoryError) -> (files: [ProcessMemory.File], leftAlone: [MemoryError]) {
    var (found, denied, seen) = ([ProcessMemory.File](), [MemoryError](), Set<FileID>())
    var left: ProcessRefusal?
    for descriptor in descriptors {
      guard let look = try look(descriptor), seen.insert(look.status.id).inserted, look.isMemory else { continue }
      if let refusal = reasonToLeave(look) { left = refusal } else if belongs(look) { found.append(file(look)) }
    }
    for mapping in mappings where mapping.isShared && seen.insert(mapping.id).inserted {
      guard let look = try reachable(mapping, &denied), look.isMemory else { continue }
      if let refusal = reasonToLeave(look) { left = refusal } else { found.append(file(look)) }
    }
    if found.isEmpty { throw denied.first ?? refused(left ?? .nothingShared) }
    return (found.sorted { $0.bytes > $1.bytes }, denied)
  }

  /// nil: as `look`, or it is not for this user, which is noted.
  private func reachable(_ mapping: ProcessMapping, _ denied: inout [MemoryError]) throws(MemoryError) -> Look? {
    do throws(MemoryError) {
      return try look(mapping)
    } catch {
      guard case .process(_, .deniedMapping) = error.cause else { throw error }
      denied.append(error)
      return nil
    }
  }

  func file(ofDescriptor descriptor: Int) throws(MemoryError) -> ProcessMemory.File {
    guard let look = try look(descriptor) else { throw refused(.noDescriptor(descriptor)) }
    return try demanded(look)
  }

  func file(mappedAt addresses: Range<UInt64>) throws(MemoryError) -> ProcessMemory.File {
    let mapping = mappings.first {
      $0.addresses.contains(addresses.lowerBound) && $0.addresses.upperBound >= addresses.upperBound
    }
    guard let mapping else { throw refused(.noMapping(addresses)) }
    if !mapping.isShared { throw refused(.mappedPrivately(mapping.name)) }
    if let look = try descriptorLook(mapping.id) { return try demanded(look) }
    guard let look = try look(mapping) else { throw refused(.noMapping(addresses)) }
    return try demanded(look)
  }

  /// One that was asked for by its number or its address.
  private func demanded(_ look: Look) throws(MemoryError) -> ProcessMemory.File {
    if look.status.kind != .regular { throw MemoryError(.wrongKind(look.status.kind), path: look.path) }
    if !look.isOnMemory { throw refused(.noMemory(look.fileSystem.rawValue), look.path) }
    if look.status.size == 0 { throw MemoryError(.noSize, path: look.path) }
    if let refusal = reasonToLeave(look) { throw refused(refusal, look.path) }
    return file(look)
  }

  /// Why it cannot be made ready, or would be of no use to the process.
  private func reasonToLeave(_ look: Look) -> ProcessRefusal? {
    let id = look.status.id
    if privately[id] != nil && shared[id] == nil { return .mappedPrivately(name(look)) }
    // who may not read it is told so when it is opened for the work
    guard let file = try? FileDescriptor.open(look.path, [.readOnly, .followLinks]) else { return nil }
    return file.isSealedAgainstWriting ? .sealed(name(look)) : nil
  }

  /// A file with a name that is only open may be anything, such as a disk's image with holes that are to stay.
  private func belongs(_ look: Look) -> Bool {
    shared[look.status.id] != nil || look.status.names == 0 || look.fileSystem == .hugetlbfs
  }
}

extension ProcessSearch {
  /// What a link of /proc leads to, looked at by a descriptor that only names it.
  struct Look {
    let path: String
    let status: FileStatus
    let fileSystem: FileSystemFacts.Kind

    init(_ path: String) throws(Errno) {
      let found = try FileDescriptor.open(path, [.pathOnly, .followLinks])
      self.path = path
      status = try found.status()
      fileSystem = try found.fileSystem().kind
    }

    var isOnMemory: Bool { fileSystem == .tmpfs || fileSystem == .hugetlbfs }
    var isMemory: Bool { isOnMemory && status.kind == .regular && status.size > 0 }
  }

  /// nil: it has been closed meanwhile.
  private func look(_ descriptor: Int) throws(MemoryError) -> Look? {
    let path = "\(folder)/fd/\(descriptor)"
    do throws(Errno) {
      return try Look(path)
    } catch .noEntry {
      return nil
    } catch {
      throw MemoryError(.failed(.open, error), path: path)
    }
  }

  private func descriptorLook(_ id: FileID) throws(MemoryError) -> Look? {
    for descriptor in descriptors {
      if let look = try look(descriptor), look.status.id == id { return look }
    }
    return nil
  }

  /// nil: it has been unmapped meanwhile, or is no memory.
  private func look(_ mapping: ProcessMapping) throws(MemoryError) -> Look? {
    do throws(Errno) {
      return try Look("\(folder)/\(mapping.link)")
    } catch .noEntry {
      return nil
    } catch {
      // map_files is for CAP_CHECKPOINT_RESTORE; what has a name may be found by that, what has no path is a device's
      if !mapping.name.utf8.starts(with: "/".utf8) { return nil }
      let named = try? Look(mapping.name)
      if let named, named.status.id == mapping.id || !named.isOnMemory { return named }
      throw refused(.deniedMapping(mapping.name, error))
    }
  }

  private func file(_ look: Look) -> ProcessMemory.File {
    ProcessMemory.File(
      path: look.path, name: name(look), id: look.status.id, bytes: look.status.size,
      mappedAt: shared[look.status.id]?.addresses.lowerBound)
  }

  private func name(_ look: Look) -> String {
    (shared[look.status.id] ?? privately[look.status.id])?.name ?? ((try? SystemFiles().linkedName(look.path)) ?? nil)
      ?? look.path
  }

  private func refused(_ refusal: ProcessRefusal, _ path: String? = nil) -> MemoryError {
    MemoryError(.process(number, refusal), path: path)
  }
}
