internal import LinuxSystem

/// From the look at a file to the work on it.
extension MemoryFile {
  /// Makes the file if need be, gives it its size and maps it. On hugetlbfs nothing is reserved: pages promised to a
  /// file stay promised, whatever becomes of the run, until they are made or the file is cut.
  func begin(_ watch: Owned<OpenWatch>?, _ recipe: Recipe) throws(MemoryError) -> (Owned<Mapping>, Region) {
    let file = try openedForWriting()
    if !isListening { listen(to: file, by: watch) }
    let sizeNow = try attempting(.inspect, path) { () throws(Errno) in try file.value.status().size }
    if sizeNow < size {
      if owner != nil { throw MemoryError(.cut(to: sizeNow), path: path) }
      hasExtended = true
      try attempting(.resize, path) { () throws(Errno) in try file.value.resize(to: size) }
    }
    let mapping = try map(file)
    var region = Region(
      address: mapping.value.address, length: length, pageSize: pageSize, file: file.value.number, fileSize: size,
      recipe: recipe)
    region.isTransparent = isTransparent
    region.watch = self.watch?.value.number ?? -1
    return (mapping, region)
  }

  /// From now on others are heard of that open it. Who has it open already is not, nor who has changed it since it was looked
  /// at: then nobody knows what of it is whose.
  private func listen(to file: Owned<FileDescriptor>, by watch: Owned<OpenWatch>?) {
    isListening = true
    guard let watch, (try? watch.value.add(file.value)) != nil,
      let now = try? file.value.status(), FileRange.openers(file.value.number) == .onlyThis
    else { return }
    let isAsLooked = looked.map { $0 == now } ?? (now.size == 0 && now.allocatedBytes == 0)
    if isAsLooked { self.watch = watch }
  }

  /// From here on there is somebody who puts it back.
  func openedForWriting() throws(MemoryError) -> Owned<FileDescriptor> {
    guard let found = descriptor else { return try create() }
    return isOpenForWriting ? found : try reopen(found)
  }

  /// The lock goes with the descriptor that has it: another ktaskctl may be quicker to take it again, and then is at work.
  private func reopen(_ found: Owned<FileDescriptor>) throws(MemoryError) -> Owned<FileDescriptor> {
    guard let place else { return found }
    let writable = try Self.open(found.value, .readWrite, in: place.value, path)
    try attempting(.lock, path) { () throws(Errno) in try found.value.unlock() }
    descriptor = nil
    try Self.claim(writable.value, path)
    descriptor = writable
    isOpenForWriting = true
    return writable
  }

  /// What was made is ours to remove from the moment that it is there, unless another ktaskctl was quicker to work on it.
  private func create() throws(MemoryError) -> Owned<FileDescriptor> {
    guard let place else { throw MemoryError(.missing, path: path) }
    if let made = try createInRight(place.value) { return made }
    let made = try naming { () throws(Errno) in Owned(try place.value.create()) }
    descriptor = made
    hasCreated = true
    isOpenForWriting = true
    do throws(MemoryError) {
      try Self.claim(made.value, path)
    } catch {
      if error.cause == .busy { hasCreated = false }
      throw error
    }
    try giveAway(made)
    return made
  }

  /// Whose it is before what it is called, where that can be: whoever is killed in between leaves nothing. nil: it cannot, or all
  /// that is asked for is what a new file has.
  private func createInRight(_ place: borrowing FilePlace) throws(MemoryError) -> Owned<FileDescriptor>? {
    if rightsIfMade == FileRights() { return nil }
    guard let made = place.createNameless() else { return nil }
    try Self.claim(made.value, path)
    try giveAway(made)
    do throws(MemoryError) {
      try naming { () throws(Errno) in try place.giveName(to: made.value) }
    } catch {
      if error.errno == .noEntry { return nil }
      throw error
    }
    descriptor = made
    hasCreated = true
    isOpenForWriting = true
    return made
  }

  /// Where another ktaskctl has made it meanwhile, it is at work on it.
  private func naming<Value>(_ give: () throws(Errno) -> Value) throws(MemoryError) -> Value {
    do throws(Errno) {
      return try give()
    } catch {
      if error == .exists, let place, let other = try Self.find(in: place.value, path) {
        try Self.claim(other.value, path)
      }
      throw MemoryError(.failed(.create, error), path: path)
    }
  }

  /// Its owner first: a change of that takes bits of the mode away.
  private func giveAway(_ made: Owned<FileDescriptor>) throws(MemoryError) {
    try attempting(.own, path) { () throws(Errno) in try made.value.setOwner(rightsIfMade) }
    try attempting(.mode, path) { () throws(Errno) in try made.value.setMode(rightsIfMade) }
  }

  private func map(_ file: Owned<FileDescriptor>) throws(MemoryError) -> Owned<Mapping> {
    let mapping: Owned<Mapping>
    do throws(Errno) {
      mapping = Owned(try Mapping.shared(file.value, length, reserving: false))
    } catch {
      throw .mapping(error, path: path, bytes: length, pageSize: pageSize)
    }
    try attempting(.advise, path) { () throws(Errno) in
      // before the first touch; later it would come too late
      if isTransparent { try Memory.adviseHuge(mapping.value.address, length, true) }
    }
    do throws(Errno) {
      try placement?.apply(to: parts, at: mapping.value.address, length: length)
      try followOwner(mapping)
    } catch {
      forgetPlacement(mapping)
      throw MemoryError(.failed(.place, error), path: path)
    }
    return mapping
  }

  /// Lets others work on it, while this process only keeps it: it has it open no more, but by a descriptor that only names it,
  /// so that a memfd does not go. Nothing of it is mapped by then.
  public func letGo() {
    guard let file = descriptor else { return }
    do throws(Errno) {
      descriptor = Owned(
        try FileDescriptor.open("/proc/self/fd/\(file.value.number)", [.pathOnly, .followLinks]))
    } catch {
      try? file.value.unlock()
    }
  }
}
