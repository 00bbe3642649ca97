internal import KTask
internal import LinuxSystem

/// Files that a run works on: open for writing, of their sizes, and mapped.
final class MappedFiles: MappedMemory {
  private let files: [MemoryFile]
  private var mappings: [Owned<Mapping>] = []
  let table: RegionTable
  let nodeTasks: [Span]
  var madeWith: TaskControl?

  /// One that throws has nothing mapped; sizes and names are the job's to put back.
  init(
    _ files: [MemoryFile], _ nodeTasks: [Span], _ watch: Owned<OpenWatch>?, _ recipe: (MemoryFile) -> Recipe
  ) throws(MemoryError) {
    self.files = files
    self.nodeTasks = nodeTasks
    var regions: [Region] = []
    do throws(MemoryError) {
      for file in files {
        let (mapping, region) = try file.begin(watch, recipe(file))
        mappings.append(mapping)
        regions.append(region)
      }
    } catch {
      // those before it would keep their policies
      for (file, mapping) in zip(files, mappings) { file.forgetPlacement(mapping) }
      throw error
    }
    table = RegionTable(regions, present: files.map(\.kept))
  }

  func path(_ region: Int) -> String? { files[region].path }

  /// Of all of every file, also of what was there before.
  func verifyResident(_ control: TaskControl, _ monitor: TaskMonitor?) throws(MemoryError) -> Verification {
    // of tmpfs mincore(2) tells all there is to know, for which the pages are counted in a moment
    for (index, file) in files.enumerated() where file.fileSystem.kind != .tmpfs {
      try verifyReady(file, mappings[index], Looking(control, monitor))
      if file.fileSystem.kind == .hugetlbfs { unsafe table.regions[index].sight = .complete }
    }
    let facts = try table.countPages(files.nodeTasks, files.map(\.placement), control, monitor, path: path)
    for (file, found) in zip(files, facts) where found.residentBytes < file.length {
      throw MemoryError(
        .notResident(bytes: file.length - found.residentBytes), path: file.path, pageSize: file.pageSize)
    }
    var verification = Verification(facts, pageSize: files.pageSize)
    verification.bytesByNodeOfFiles = facts.map { $0.bytesByNode ?? [:] }
    return verification
  }

  /// Proves that every page is ready, in the same sense as it was looked for: in memory and cleared, on disk with its block.
  private func verifyReady(_ file: MemoryFile, _ mapping: Owned<Mapping>, _ looking: Looking) throws(MemoryError) {
    let now = try file.presence(isMaking: true, looking, mapping: mapping)
    guard let ready = now.readyBytes else { throw MemoryError(.unknownResidency, path: file.path) }
    if ready < file.length {
      throw MemoryError(.notResident(bytes: file.length - ready), path: file.path, pageSize: file.pageSize)
    }
    if !file.isOnDisk { return }
    let blocks = now.isExact ? now.present.bytes : now.allocatedBytes
    if blocks < file.length { throw MemoryError(.notAllocated(bytes: file.length - blocks), path: file.path) }
  }

  func giveBack(_ monitor: TaskMonitor?) -> GivenBack {
    let all = files.enumerated().map { Span(region: $0, range: 0..<$1.length) }
    return giveBack(PopulatePages(table), all, monitor)
  }

  /// Nothing of them is mapped any more; they stay as they are.
  func dropMappings() { mappings = [] }

  func unmap() -> Bool {
    for (file, mapping) in zip(files, mappings) { file.forgetPlacement(mapping) }
    mappings = []
    return files.reduce(true) { isComplete, file in file.shorten() && file.presentIsExact && isComplete }
  }
}
