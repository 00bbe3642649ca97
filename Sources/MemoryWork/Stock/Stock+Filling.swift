internal import LinuxSystem

extension Stock {
  /// Does nothing: what it has is told, as after any work on it.
  public func look() throws(MemoryError) -> StockJob {
    try StockJob(self, StockKind(bytes: 0), [], dropped: [], leftAlone: [], short: 0, method: nil)
  }

  /// Opens what is to become ready so that the stock has `count` files of `kind`, by what `plan` says, and locks it. Changes
  /// nothing. `place`: gives a file its pages' kind and its nodes.
  public func filling(
    _ kind: StockKind, by plan: StockPlan, method: Method?, _ looking: Looking,
    place: (MemoryFile) throws(MemoryError) -> Void
  ) throws(MemoryError) -> StockJob {
    var filling = Filling(plan)
    for name in plan.dropped {
      let isHad = try filling.trying { filling throws(MemoryError) in
        if let file = try dirtyFile(name, looking) { try filling.drop(file) }
      }
      if !isHad { filling.makeFewer(name.kind.bytes.pieces(of: max(1, kind.bytes))) }
    }
    for name in plan.doubtful {
      try filling.trying { filling throws(MemoryError) in
        guard let file = try dirtyFile(name, looking), try !file.lies(where: plan.others, looking) else { return }
        try filling.drop(file)
      }
    }
    for name in plan.cleaned where filling.files.count < plan.atOnce {
      let isHad = try filling.trying { filling throws(MemoryError) in
        guard let file = try dirtyFile(name, as: kind, looking) else { return }
        switch try use(of: file, name, as: kind, besides: plan.others, looking, place) {
        case .cleaned: try filling.clean(file)
        case .dropped: try filling.drop(file, inPlace: true)
        case .leftAlone: filling.makeInstead()
        }
      }
      if !isHad { filling.makeInstead() }
    }
    for _ in 0..<min(filling.made, plan.atOnce - filling.files.count) {
      let file = try MemoryFile(path(of: .random(.making, kind)), size: kind.bytes, creating: true, looking)
      try place(file)
      filling.files.append(file)
    }
    return try StockJob(
      self, kind, filling.files, dropped: filling.dropped, leftAlone: filling.leftAlone, short: filling.short,
      method: method)
  }

  private enum Use { case cleaned, dropped, leftAlone }

  /// Of `kind`, or as large as it is; nil: it is gone, or no file.
  private func dirtyFile(
    _ name: StockName, as kind: StockKind? = nil, _ looking: Looking
  ) throws(MemoryError) -> MemoryFile? {
    do throws(MemoryError) {
      let file = try MemoryFile(path(of: name), size: kind?.bytes, creating: true, mayBeEmpty: true, looking)
      return file.existed ? file : nil
    } catch {
      switch error.cause {
      case .missing, .wrongKind: return nil
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
    // what somebody has noted on it, or whom he has let have it, would stay
    if (try? descriptor.value.hasAttributes()) != false { return .dropped }
    // nor would what is behind its end be seen
    if status.allocatedBytes > mostBytes(of: kind) { return .dropped }
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

/// What a stock is filled with, as far as it has been looked at.
private struct Filling {
  var files: [MemoryFile] = []
  var dropped: [MemoryFile] = []
  /// Why some are not to be had.
  var leftAlone: [MemoryError] = []
  /// How many are made, and how many more could be.
  private(set) var made: Int
  private var spare: Int
  /// How many are lacking that there may be no memory for.
  private(set) var short: Int

  init(_ plan: StockPlan) { (made, spare, short) = (plan.made, plan.spare, plan.short) }

  /// Opened as the work needs it: a file that cannot be is to be left alone before the work.
  mutating func clean(_ file: MemoryFile) throws(MemoryError) {
    _ = try file.openedForWriting()
    files.append(file)
  }

  /// `inPlace`: one is made in its place.
  mutating func drop(_ file: MemoryFile, inPlace: Bool = false) throws(MemoryError) {
    _ = try file.openedForWriting()
    dropped.append(file)
    if inPlace { made += 1 }
  }

  mutating func makeInstead() {
    if spare == 0 {
      short += 1
    } else {
      spare -= 1
      made += 1
    }
  }

  /// The memory of so many that was to go stays; of no account where there is no limit.
  mutating func makeFewer(_ count: Int) {
    if spare == .max { return }
    let fewer = min(made, max(0, count - spare))
    made -= fewer
    short += fewer
    spare = max(0, spare - count)
  }

  /// Whether it came to its end; false: that file is not to be had.
  @discardableResult
  mutating func trying(_ body: (inout Filling) throws(MemoryError) -> Void) throws(MemoryError) -> Bool {
    do throws(MemoryError) {
      try body(&self)
      return true
    } catch {
      if !error.isOfOneFile { throw error }
      leftAlone.append(error)
      return false
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
