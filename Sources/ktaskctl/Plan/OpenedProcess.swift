import LinuxSystem
import MemoryWork

/// The shared memory of a running process, opened for the work, each file as large as it is.
struct OpenedProcess {
  private(set) var files: [MemoryFile] = []
  /// Why others cannot be had.
  private(set) var leftAlone: [MemoryError] = []
  private let process: Owned<RunningProcess>
  private let wanted: ProcessWords

  init(_ wanted: ProcessWords, _ opening: inout Opening) throws(MemoryError) {
    self.wanted = wanted
    process = try RunningProcess.found(wanted.number)
    do throws(MemoryError) {
      try open(&opening)
    } catch {
      // a link of its that leads nowhere is its end
      if process.value.hasEnded { throw MemoryError(.process(wanted.number, .ended)) }
      throw error
    }
    if process.value.hasEnded { throw MemoryError(.process(wanted.number, .ended)) }
  }

  /// What it closes, or has something else for, between the look and the opening, is looked for again; what is still so after
  /// some times is not what it keeps.
  private mutating func open(_ opening: inout Opening) throws(MemoryError) {
    var (known, changed) = (Set<FileID>(), MemoryError?.none)
    for _ in 0..<Self.turns {
      let memory = try ProcessMemory(process.value, wanted.part)
      let policies = try policies()
      (leftAlone, changed) = (memory.leftAlone + leftAlone.filter(\.isOfRights), nil)
      for found in memory.files where !known.contains(found.id) {
        do throws(MemoryError) {
          files.append(try open(found, policies, &opening))
          known.insert(found.id)
        } catch {
          if wanted.part != .all { throw error }
          if error.isOfChangedLink {
            changed = error
          } else if error.isOfRights {
            leftAlone.append(error)
            known.insert(found.id)
          } else {
            throw error
          }
        }
      }
      if changed == nil { break }
    }
    if files.isEmpty, let error = leftAlone.first ?? changed { throw error }
    files.sort { $0.originalSize > $1.originalSize }
  }

  private static let turns = 5

  private func open(
    _ found: ProcessMemory.File, _ policies: ProcessPolicies, _ opening: inout Opening
  ) throws(MemoryError) -> MemoryFile {
    let file = try opening.files([WantedFile(path: found.path)])[0]
    try file.belong(to: process, as: found, policies)
    return file
  }

  /// Not known is not none: pages would lie elsewhere without a word.
  private func policies() throws(MemoryError) -> ProcessPolicies {
    do throws(Unreadable) {
      return try ProcessPolicies(of: process.value)
    } catch {
      throw MemoryError(.unread(error), path: process.value.folder)
    }
  }
}
