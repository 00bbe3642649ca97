internal import KTask
internal import LinuxSystem

/// Counts what is ready of every file, with all threads; throws where that is less than all of one.
func verifyFiles(
  _ files: [MemoryFile], _ table: RegionTable, _ control: TaskControl, _ monitor: TaskMonitor?
) throws(MemoryError) -> Verification {
  // of tmpfs mincore(2) tells all there is to know, for which the pages are counted in a moment
  for (index, file) in files.enumerated() where file.fileSystem.kind != .tmpfs {
    try file.verifyReady(Looking(control, monitor))
    if file.fileSystem.kind == .hugetlbfs { unsafe table.regions[index].sight = .complete }
  }
  let spans = files.enumerated().flatMap { index, file in file.parts.clamped(to: 0..<file.length, region: index) }
  let facts = try table.countPages(spans, files.map(\.placement), control, monitor, path: { files[$0].path })
  for (index, file) in files.enumerated() {
    let missing = file.length - facts[index].residentBytes
    if missing > 0 { throw MemoryError(.notResident(bytes: missing), path: file.path, pageSize: file.pageSize) }
    file.bytesByNode = facts[index].bytesByNode ?? [:]
  }
  return Verification(facts, pageSize: files.map(\.pageSize).max() ?? 0)
}
