import LinuxSystem
import MemoryWork

/// What is told beforehand, and stands in nobody's way.
extension Plan {
  /// `others`: who has files whose content goes.
  mutating func takeWarnings(of job: any MemoryJob, _ others: Check?, _ sweep: ThreadSweep) {
    urgentWarnings = Self.mountWarnings(intent, job)
    warnings =
      pageWarnings + (intent.exec?.warnings ?? []) + poolWarnings(job) + newFileWarnings(job)
      + restWarnings(job) + Self.partWarnings(job) + Self.pageEndWarnings(job) + Self.leftAloneWarnings(job)
      + shortWarnings(job)
      + (words.evenIfOpen ? others?.warnings ?? [] : [])
      + sweep.warnings
  }

  /// Pages of another kind than anybody would expect there.
  private static func mountWarnings(_ intent: Intent, _ job: any MemoryJob) -> [String] {
    if intent.aim == .freeMemory { return [] }
    let files = Dictionary(grouping: job.files.filter { $0.fileSystem.kind != .hugetlbfs }, by: \.emptyMountPoint)
    return files.compactMap { point, files in point.map { ($0, files) } }.sorted { $0.0 < $1.0 }.map { point, files in
      let command = HugePageMounts.command(pageSize: HugePageMounts.usualSize(), on: point)
      return "\(subject(files.map(\.path))): no hugetlbfs is mounted on \(point.shown): what is there comes in "
        + "\(PageSizeWord.text(files[0].pageSize)) pages of \(files[0].fileSystem.kind.rawValue); "
        + "try: \(Surroundings.current().asRoot(command))"
    }
  }

  /// Why memory that could come in huge pages comes in base pages where nothing is said of them.
  private var pageWarnings: [String] {
    guard words.pageSize == nil, intent.makesItsOwnMemory else { return [] }
    switch PageKind.obstacle(shared: intent.exec != nil) {
    case .transparentOffForProcess?:
      return ["4K pages: transparent huge pages are switched off for this process (PR_SET_THP_DISABLE)"]
    case .unread(let unread)?: return ["4K pages: whether there are transparent huge pages is not known, \(unread)"]
    default: return []
    }
  }

  /// Files that are there are somebody's already.
  private func newFileWarnings(_ job: any MemoryJob) -> [String] {
    let found = job.files.filter(\.existed)
    if !intent.newFiles.areGiven || found.isEmpty { return [] }
    return ["\(Self.subject(found.map(\.path))): there already: --mode and --owner are for files that are made"]
  }

  /// A file that is longer than what is asked for, as of a machine that has become smaller: nothing of it is cut off.
  private func restWarnings(_ job: any MemoryJob) -> [String] {
    guard keepsContent(job) else { return [] }
    return files.filter { $0.sizeBefore > $0.bytes }.map { file in
      let name = quotedFile(file.path)
      return
        "\(file.path.shown): has \(ByteSize.text(file.sizeBefore)), and what is beyond \(ByteSize.text(file.bytes)) stays: "
        + "truncate --size=\(file.bytes) \(name) cuts it off, "
        + "ktaskctl release --offset \(file.bytes) \(name) gives back only its pages"
    }
  }

  /// What is not to be had, of a stock or of a process, and stands in nobody's way.
  static func leftAloneWarnings(_ job: any MemoryJob) -> [String] {
    job.leftAlone.map(Failure.init).map { failure in
      "\(failure.what): left alone: \(failure.why)" + (failure.remedy.map { "; try: \($0)" } ?? "")
    }
  }

  /// A stock that gets fewer files than it is to have, since no more memory may be theirs.
  func shortWarnings(_ job: any MemoryJob) -> [String] {
    guard let stock = job as? StockJob, stock.short > 0, let count = intent.count, let most = intent.mostBytes else {
      return []
    }
    return ["\(subject): \(stock.short) of \(count) not made: --max-bytes \(PageSizeWord.text(most))"]
  }

  /// What is cleared beside what was asked for, which ends in a page.
  private static func pageEndWarnings(_ job: any MemoryJob) -> [String] {
    if !(job is ClearFileJob) { return [] }
    return job.files.map { ($0, $0.bytesBesides(job)) }.filter { $0.1 > 0 }.map { file, more in
      "\(file.path.shown): only whole pages are cleared: \(ByteSize.text(more)) more than was asked for"
    }
  }

  /// Where pages stay of what was asked for, since they were not asked for whole.
  private static func partWarnings(_ job: any MemoryJob) -> [String] {
    job.files.map { ($0, $0.bytesLeft(by: job)) }.filter { $0.1 > 0 }.map { file, left in
      "\(file.path.shown): only whole pages are given back: \(ByteSize.text(left)) of what was asked for stay"
    }
  }
}

extension MemoryFile {
  /// A directory above it that is called as those are on which a hugetlbfs is mounted, and has none.
  fileprivate var emptyMountPoint: String? {
    if fileSystem.kind == .hugetlbfs || path == Self.memfd { return nil }
    return canonicalDirectory(of: path).flatMap(HugePageMounts.directory)
  }

  fileprivate func bytesBesides(_ job: any MemoryJob) -> Int {
    (0..<min(length, originalSize)).count - job.askedPart(of: self).clamped(to: 0..<originalSize).count
  }

  fileprivate func bytesLeft(by job: any MemoryJob) -> Int {
    let whole = 0..<originalSize
    return job.askedPart(of: self).clamped(to: whole).count - job.part(of: self).clamped(to: whole).count
  }
}
