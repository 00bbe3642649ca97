internal import KTask
internal import LinuxSystem

/// A ready file of a stock that is open and locked, so that nobody else takes it; it is called what it was called. Whoever
/// lets go of it leaves it to others.
final class ReservedFile {
  let stock: Stock
  let name: StockName
  let place: Owned<FilePlace>
  let descriptor: Owned<FileDescriptor>

  fileprivate init(_ stock: Stock, _ name: StockName, _ place: Owned<FilePlace>, _ descriptor: Owned<FileDescriptor>) {
    (self.stock, self.name, self.place, self.descriptor) = (stock, name, place, descriptor)
  }

  /// That it still is what its name says, and that nobody else has it: in constant time, on what is open here. What is in it
  /// was proven when it was made.
  var isSound: Bool {
    guard (try? descriptor.value.hasAttributes()) == false else { return false }
    guard let status = try? descriptor.value.status(), stock.isSound(status, name.kind) else { return false }
    guard let named = try? place.value.status(), named.isSameFile(as: status) else { return false }
    return descriptor.value.isAlone()
  }

  /// Gives it the name at `other`, in one step, after a look whether it is sound.
  func move(to other: borrowing FilePlace) throws(Errno) {
    try place.value.move(descriptor.value.status(), to: other)
  }

  /// Takes its name away: what is open here is all there is of it.
  func unlink() throws(Errno) {
    if !isSound { throw .stale }
    try place.value.remove(descriptor.value.status())
  }
}

extension Stock {
  /// A ready file that is as `wanted`, where there is one that nobody else is about to take: the one that has no more than was
  /// asked for before others. Changes nothing.
  func reserve(_ wanted: StockKind) throws(MemoryError) -> Result<ReservedFile, NoStockFile> {
    let names = try attempting(.inspect, path) { () throws(Errno) in try directory.value.names() }
    let ready = names.compactMap(StockName.init).filter { $0.state == .ready && !reserved.contains($0) }
    let fitting = ready.filter { $0.kind.satisfies(wanted) }
    // two that come at once begin at different ones
    let (plain, placed) = (fitting.filter { $0.kind == wanted }, fitting.filter { $0.kind != wanted })
    for name in plain.shuffled() + placed.shuffled() {
      guard let file = try reserve(name) else { continue }
      reserved.insert(name)
      return .success(file)
    }
    return .failure(NoStockFile(wanted, ready: ready.map(\.kind)))
  }

  /// nil: it is gone, somebody else's, not what its name says, or not to be opened.
  private func reserve(_ name: StockName) throws(MemoryError) -> ReservedFile? {
    let place = try place(of: name)
    do throws(Errno) {
      if try !isSound(place.value.status(), name.kind) { return nil }
      let descriptor = Owned(try place.value.open(place.value.look(), .readWrite))
      if try !descriptor.value.lockExclusively() { return nil }
      let file = ReservedFile(self, name, place, descriptor)
      return file.isSound ? file : nil
    } catch {
      let failure = MemoryError(.failed(.open, error), path: path(of: name))
      if failure.isOfOneFile { return nil }
      throw failure
    }
  }
}

extension MemoryError {
  /// Whether it says that this one file of a stock is not to be had, whatever the reason, which says nothing of others.
  var isOfOneFile: Bool {
    switch cause {
    case .busy: true
    case .failed(.open, let errno), .failed(.lock, let errno): !Unreadable("open(2)", errno).isShortage
    default: false
    }
  }
}

extension FileDescriptor {
  /// Whether it is certain that nobody else has it open or mapped.
  func isAlone(_ monitor: TaskMonitor? = nil) -> Bool { company(monitor) == .nobody }

  /// Who else has it open or mapped. A lease tells it; where the kernel has none for it, all processes are looked at.
  func company(_ monitor: TaskMonitor? = nil) -> FilesInUse.Company {
    switch settledOpeners(by: Clock.now() + 10_000_000) {
    case .onlyThis: .nobody
    case .others: .others
    case .notTold: FilesInUse.company(of: self, monitor)
    }
  }
}
