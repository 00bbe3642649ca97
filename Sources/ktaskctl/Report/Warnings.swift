import KTask
import LinuxSystem
import MemoryWork

extension Report {
  /// What is not as asked for in so many words, or not as anybody would expect it.
  var urgentWarnings: [String] {
    let isAsked = plan.words.pageSize == .transparent
    return plan.urgentWarnings + (isAsked ? hugeShortfall.map { [$0] } ?? [] : [])
  }

  /// Transparent huge pages that were asked for and are not there, whoever made the pages.
  private var hugeShortfall: String? {
    guard plan.wantsTransparent, isDone, let huge = (outcome?.verification ?? found)?.hugeBytes,
      huge < plan.transparentBytes
    else { return nil }
    let share = (Double(huge) / Double(plan.transparentBytes)).asPercent
    let wasThere = plan.files.contains { $0.residentBefore != 0 }
    return wasThere
      ? "\(subject): only \(share) of it is in transparent huge pages: what was there before stays in the pages that it has; "
        + "ktaskctl release gives those back"
      : "only \(share) came in transparent huge pages, the rest in base pages"
  }

  /// What makes the figures doubtful, or is not as asked for.
  var warnings: [String] {
    var warnings = plan.urgentWarnings + plan.warnings
    if let hugeShortfall { warnings.append(hugeShortfall) }
    for count in outcome?.counts ?? [] {
      let wasWarm = plan.warmup > 0 || plan.intent.isLook
      warnings += Statistics.doubts(count.times, of: count.threads.counted("thread"), wasWarm: wasWarm)
      if let shortfall = count.shortfall { warnings.append(shortfall) }
      warnings += count.exceeded.filter { !plan.exceeded.contains($0) }.map(ThreadSweep.warning)
    }
    if let warmUp = outcome?.warmUp, warmUp.isOver, !warmUp.haveAgreed {
      warnings.append(
        "\(warmUp.times.count.counted("unmeasured run")) did not agree: the machine's host may not have given it all its memory yet"
      )
    }
    if plan.words.pageSize == .transparent, plan.bytes > 0, plan.transparentBytes == 0 {
      warnings.append("too little for a transparent huge page: all of it comes in base pages")
    }
    if outcome?.mayHaveLeft == true {
      warnings.append(
        "\(subject): the kernel does not tell which pages were there before; those made here may have stayed")
    }
    for unread in outcome?.verification?.unread ?? [] { warnings.append("not looked at afterwards: \(unread)") }
    if plan.intent.pin?.with == .iommufd([]), outcome?.verification != nil {
      warnings.append("nothing is pinned by iommufd until a device is attached: --with iommufd:DEVICE")
    }
    return warnings
  }
}

extension Outcome.Count {
  /// Fewer threads than planned, and why.
  fileprivate var shortfall: String? {
    // none at all: there was nothing to do for them
    if fewest >= threads || fewest == 0 { return nil }
    let why =
      switch bound?.what {
      case .threadCreation: "the system gave no more"
      case .helperLimit, nil: "others' helpers took the rest"
      case let what?: what.rawValue
      }
    return "\(threads.counted("thread")) planned, \(fewest) ran: \(why)"
  }
}
