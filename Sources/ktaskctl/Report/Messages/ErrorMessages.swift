import LinuxSystem
import MemoryWork

extension MemoryError {
  /// As it is told to somebody who finds himself there.
  func failure(_ facts: FailureFacts) -> Failure {
    var failure = Failure(
      subject, why(facts) + holders.text, remedy: remedy(facts), exitStatus, code: code, path: path, errno: errno)
    failure.offset = offset
    failure.bytes = bytes
    if case .short(let check) = cause, check.isAmount, !check.isCount { failure.bytes = check.need }
    failure.node = node
    return failure
  }

  private var subject: String {
    if case .noSuchNodes(let words, _) = cause { return "nodes \(words)" }
    if case .process(let number, _) = cause { return path?.shown ?? "process \(number)" }
    return path?.shown ?? "anonymous memory"
  }

  private func why(_ facts: FailureFacts) -> String {
    switch cause {
    case .short(let check): check.sentence
    case .failed(let operation, let errno): sentence(operation, errno)
    case .wrongKind(let kind): "is a \(kind.rawValue), not a regular file"
    case .wrongFileSystem(let name): "lies on \(name), whose files have no memory that this could work on"
    case .wrongPageSize(let has): "has \(ByteSize.text(has)) pages, not \(ByteSize.text(pageSize ?? 0)) ones"
    case .noSuchPageSize: "this machine has no pages of \(ByteSize.text(pageSize ?? 0))"
    case .transparentOff:
      path == nil || path == MemoryFile.memfd
        ? "transparent huge pages are switched off" : "its file system does not use transparent huge pages"
    case .transparentOffForProcess:
      "transparent huge pages are switched off for this process by what started it (PR_SET_THP_DISABLE)"
    case .unread(let unread): unread.description
    case .busy: "another ktaskctl, or another program that locks it, is working on it"
    case .missing: "there is no such file"
    case .noSize: "it has no size yet and none is asked for"
    case .beyondEnd(let size): "has \(ByteSize.text(size)), less than is asked for"
    case .namedTwice: "is the same file as one named before it"
    case .hasPages(let bytes): "has \(ByteSize.text(bytes)) of its own, which several runs would have to give back"
    case .noMethod(let method): "the method \(method.rawValue) does not work here"
    case .noPin(let refusal): refusal.sentence
    case .noStock(let refusal): refusal.sentence
    case .process(_, let refusal): refusal.sentence
    case .noSuchNodes(_, let why): NodeMessages.unknown(why, facts.allowedNodes)
    case .noNodes: "the kernel or the container that this runs in has no NUMA policies for it"
    case .noPlacement(let what): "\(what) follows the policy of the thread, not that of the memory"
    case .poolShort(let wanted, let got): poolSentence(wanted, got)
    case .cancelled: "cancelled"
    case .notZero, .notResident, .unknownResidency, .notAllocated, .notLocked, .notPinned, .wrongNode, .notAsDemanded,
      .notReleased, .notGivenBack, .replaced, .cut:
      found ?? "is not as it should be"
    }
  }

  /// What was found when the work was looked at, or undone; nil: it did not come so far.
  private var found: String? {
    switch cause {
    case .notZero: "the byte at offset \(offset ?? 0) is not zero after clearing"
    case .notResident(let bytes): "\(ByteSize.text(bytes)) are not resident afterwards"
    case .unknownResidency: "the kernel does not tell how much of it is resident afterwards"
    case .notAllocated(let bytes): "\(ByteSize.text(bytes)) have no blocks on the disk afterwards"
    case .notLocked(let bytes): "\(ByteSize.text(bytes)) are not locked afterwards (VmLck)"
    case .notPinned(let bytes): "\(ByteSize.text(bytes)) are not pinned afterwards"
    case .wrongNode(let bytes, let asked, let wasThere):
      NodeMessages.wrong(bytes, on: node, asked: asked, offset: offset, wasThere: wasThere)
    case .notAsDemanded(let shortfall): sentence(shortfall)
    case .replaced: "the name means another file by now, which is left alone"
    case .cut(let size): "its process has cut it to \(ByteSize.text(size)) meanwhile"
    case .notGivenBack: "not all of it could be given back"
    case .notReleased(let bytes): "\(ByteSize.text(bytes)) are there again: another program writes to it"
    default: nil
    }
  }

  private func sentence(_ operation: Operation, _ errno: Errno) -> String {
    var text = "\(operation.gerund) failed"
    if let offset { text += " at offset \(offset) (\(ByteSize.text(offset)))" }
    if let bytes { text += ", \(ByteSize.text(bytes)) long" }
    if let pageSize { text += ", in \(ByteSize.text(pageSize)) pages" }
    if let node { text += ", on node \(node)" }
    return text + ": \(meaning(operation, errno) ?? errno.description)\(hiddenLimit ?? "") (\(errno.name))"
  }

  /// A pool that has more than is asked of it: what else keeps its pages back cannot be seen.
  private var hiddenLimit: String? {
    poolFree.map { "; the pool has \($0) free: a hugetlb limit of a control group that is not visible here?" }
  }

  /// What the kernel means by an errno that says something else to most people.
  private func meaning(_ operation: Operation, _ errno: Errno) -> String? {
    switch (operation, errno) {
    case (.populate, .fault), (.touch, .fault): "no memory left for a page"
    case (.clear, .fault), (.verify, .fault): "a page has gone: the file was cut, or there is no memory left"
    case (.map, .noMemory) where (pageSize ?? 0) > MemoryInfo.basePageSize && poolFree == nil:
      "not enough free huge pages"
    case (.register, .noMemory): "more than the limit for locked memory allows, which all of the user's processes share"
    case (_, .noMemory) where operation.pins, (.pin, .permission):
      "more than the limit for locked memory allows"
    case (.own, .permission): "only root gives files to others"
    case (.growPool, .readOnly): "/sys is mounted read-only here"
    case (_, .poisoned): "the hardware has lost a page's contents"
    case (.read, .inputOutput): "the disk, or its file system, cannot read what it has"
    default: nil
    }
  }
}

extension MemoryError.Operation {
  fileprivate var gerund: String {
    switch self {
    case .open: "opening"
    case .create: "creating"
    case .resize: "resizing"
    case .remove: "removing"
    case .growPool: "changing the pool"
    case .punch: "giving pages back"
    case .lock: "locking the file"
    case .map: "mapping"
    case .advise: "advising"
    case .populate: "populating"
    case .allocate: "allocating"
    case .touch: "touching"
    case .clear: "clearing"
    case .verify: "verifying"
    case .pin: "locking in memory"
    case .register: "registering with io_uring"
    case .mapForDevices: "mapping for devices"
    case .inspect: "inspecting"
    case .read: "reading"
    case .place: "binding to nodes"
    case .locate: "asking for the nodes of pages"
    case .own: "giving it to its owner"
    case .mode: "setting its mode"
    case .giveToStock: "renaming it in the stock"
    }
  }
}
