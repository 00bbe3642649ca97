internal import LinuxSystem

extension Stock {
  /// Does nothing: what it has is told, as after any work on it.
  public func look() throws(MemoryError) -> StockJob {
    try StockJob(self, StockKind(bytes: 0), [], dropped: [], method: nil)
  }

  /// Opens what is to become ready so that the stock has `count` files of `kind`, by what `plan` says, and locks it. Changes
  /// nothing. `place`: gives a file its pages' kind and its nodes.
  public func filling(
    _ kind: StockKind, by plan: StockPlan, method: Method?, _ looking: Looking,
    place: (MemoryFile) throws(MemoryError) -> Void
  ) throws(MemoryError) -> StockJob {
    var (files, dropped): ([MemoryFile], [MemoryFile]) = ([], [])
    var (made, spare) = (plan.made, plan.spare)
    for name in plan.dropped {
      if let file = try dirtyFile(name, looking) { dropped.append(file) }
    }
    for name in plan.doubtful {
      guard let file = try dirtyFile(name, looking) else { continue }
      if try !file.lies(where: plan.others, looking) { dropped.append(file) }
    }
    for name in plan.cleaned {
      guard let file = try dirtyFile(name, as: kind, looking) else { continue }
      switch try use(of: file, name, as: kind, besides: plan.others, looking, place) {
      case .cleaned: files.append(file)
      case .dropped:
        dropped.append(file)
        made += 1
      case .leftAlone where spare > 0:
        spare -= 1
        made += 1
      case .leftAlone: break
      }
    }
    for _ in 0..<made {
      let file = try MemoryFile(path(of: .random(.making, kind)), size: kind.bytes, creating: true, looking)
      try place(file)
      files.append(file)
    }
    return try StockJob(self, kind, files, dropped: dropped, method: method)
  }

  private enum Use { case cleaned, dropped, leftAlone }

  /// Of `kind`, or as large as it is; nil: it is gone, or somebody is at work on it by now, or it is no file.
  private func dirtyFile(
    _ name: StockName, as kind: StockKind? = nil, _ looking: Looking
  ) throws(MemoryError) -> MemoryFile? {
    do throws(MemoryError) {
      let file = try MemoryFile(path(of: name), size: kind?.bytes, creating: true, mayBeEmpty: true, looking)
      return file.existed ? file : nil
    } catch {
      switch error.cause {
      case .busy, .missing, .wrongKind: return nil
      default: throw error
      }
    }
  }

  /// What is to become of a dirty file. Who had it may have it still, or may have it by another name: then its pages are not
  /// used again.
  private func use(
    of file: MemoryFile, _ name: StockName, as kind: StockKind, besides others: [StockKind], _ looking: Looking,
    _ place: (MemoryFile) throws(MemoryError) -> Void
  ) throws(MemoryError) -> Use {
    guard let descriptor = file.descriptor, let status = try? descriptor.value.status() else { return .leftAlone }
    if status.names != 1 || file.size != kind.bytes || !descriptor.value.isAlone(looking.monitor) {
      return .dropped
    }
    // it keeps the pages that it has
    if kind.isTransparent && !name.kind.isTransparent && status.allocatedBytes > 0 { return .dropped }
    do throws(MemoryError) {
      try place(file)
      return .cleaned
    } catch {
      // its pages lie elsewhere
      guard case .wrongNode = error.cause else { throw error }
      return try file.lies(where: others, looking) ? .leftAlone : .dropped
    }
  }
}

extension MemoryFile {
  /// Whether its pages lie where one of these kinds is to have them.
  fileprivate func lies(where kinds: [StockKind], _ looking: Looking) throws(MemoryError) -> Bool {
    for kind in kinds {
      do throws(MemoryError) {
        if let placement = kind.placement, placement.policy == .bind { try refuseWrongNodes(placement, looking) }
        return true
      } catch {
        guard case .wrongNode = error.cause else { throw error }
      }
    }
    return false
  }
}
