import CKTask
import Glibc
import LinuxSystem

extension Part {
  static let library = Part(
    name: "library",
    title: "libktask in another program: loading it, its calls, and a loop with threads written by hand",
    measure: measureLibrary)
}

/// The calls of the shared object that `make library` builds.
@safe
private struct Library: @unchecked Sendable {
  // @unchecked: functions of a library that is never unloaded.
  typealias Populate =
    @convention(c) (UnsafeMutableRawPointer, Int, UnsafePointer<ktask_options>?, UnsafeMutablePointer<ktask_result>?) ->
    Int32
  typealias Run = @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutablePointer<ktask_ctl>) -> Int32

  static let path = ".build/library/libktask.so.1"
  let populate: Populate
  let run: Run

  init() throws {
    guard let library = unsafe dlopen(Self.path, RTLD_NOW), let populate = unsafe dlsym(library, "ktask_populate"),
      let run = unsafe dlsym(library, "ktask_run")
    else { throw Skip("there is no \(Self.path), which `make library` builds") }
    unsafe self.populate = unsafe unsafeBitCast(populate, to: Populate.self)
    unsafe self.run = unsafe unsafeBitCast(run, to: Run.self)
  }
}

private func measureLibrary(_ setting: Setting) throws {
  let library = try Library()
  try measureLoading(setting)
  try measureSmall(setting, library)
  try measureLarge(setting, library)
  try measureCalls(setting, library)
}

private func measureLoading(_ setting: Setting) throws {
  let times = try inTurns(
    setting.quick ? 20 : 200,
    [
      Contestant(name: "with") { try Programs.run(["env", "LD_PRELOAD=\(Library.path)", "/bin/true"]) },
      Contestant(name: "without") { try Programs.run(["env", "LD_PRELOAD=", "/bin/true"]) },
    ])
  printTable(["/bin/true", "wall time"], [["with libktask loaded", times[0].text], ["without", times[1].text]])
  printReading("loading it takes \((times[0].median - times[1].median).asTime).", of: times)
}

/// The seconds of one call of many, on pages that are missing each time.
private func fresh(_ name: String, _ calls: Int, _ address: UInt, _ bytes: Int, _ body: @escaping () -> Void)
  -> Contestant
{
  Contestant(name: name) {
    var seconds = 0.0
    for _ in 0..<calls {
      try Memory.giveBack(address, bytes)
      let began = Clock.now()
      body()
      seconds += Double(Clock.since(began)) / 1e9
    }
    return seconds / Double(calls)
  }
}

private func measureSmall(_ setting: Setting, _ library: Library) throws {
  let bytes = 64 << 10
  let mapping = try Mapping.anonymous(bytes, alignment: 2 << 20)
  let address = mapping.address
  let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address)!
  var keep = unsafe ktask_options()
  unsafe (keep.ko_size, keep.ko_flags) = (MemoryLayout<ktask_options>.size, UInt32(KTASK_KEEP))
  let options = unsafe keep
  let times = try inTurns(
    setting.quick ? 5 : 25,
    [
      fresh("ktask_populate", 1000, address, bytes) { _ = unsafe library.populate(pointer, bytes, nil, nil) },
      fresh("ktask_populate, KTASK_KEEP", 1000, address, bytes) {
        unsafe withUnsafePointer(to: options) { options in _ = unsafe library.populate(pointer, bytes, options, nil) }
      },
      fresh("madvise", 1000, address, bytes) { try? Memory.populate(address, bytes) },
    ])
  printTable(
    ["64 KiB, 4K pages", "a call"],
    [["`ktask_populate`", times[0].text], ["with KTASK_KEEP", times[1].text], ["`madvise`", times[2].text]])
  printReading(
    "against madvise \((times[0].median / times[2].median).fixed(2))×, without an undo "
      + "\((times[1].median / times[2].median).fixed(2))×: what was there is asked for first (mincore).", of: times)
}

private func measureLarge(_ setting: Setting, _ library: Library) throws {
  let bytes = 64 << 20
  let mapping = try Mapping.anonymous(bytes, alignment: 2 << 20)
  let address = mapping.address
  try Memory.adviseHuge(address, bytes, false)
  let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address)!
  let cpus = Topology.current().onlineCPUs.count
  let times = try inTurns(
    setting.quick ? 9 : 101,
    [
      fresh("ktask_populate", 1, address, bytes) { _ = unsafe library.populate(pointer, bytes, nil, nil) },
      fresh("pthread loop", 1, address, bytes) {
        let share = bytes / cpus
        Threads.run(cpus) { try? Memory.populate(address + UInt($0 * share), share) }
      },
      fresh("madvise", 1, address, bytes) { try? Memory.populate(address, bytes) },
    ])
  printTable(
    ["64 MiB, 4K pages", "wall time"],
    [
      ["`ktask_populate`", times[0].text], ["a thread a CPU, equal shares", times[1].text],
      ["`madvise` on one thread", times[2].text],
    ])
  printReading(
    "against the loop written by hand \((times[0].median / times[1].median).fixed(2))×, against one thread "
      + "\((times[2].median / times[0].median).fixed(2))× as fast.", of: times)
}

private func measureCalls(_ setting: Setting, _ library: Library) throws {
  let calls = setting.quick ? 1000 : 20000
  @Sendable func runMany(_ count: Int) {
    var ctl = unsafe ktask_ctl()
    unsafe ctl.kc_size = MemoryLayout<ktask_ctl>.size
    unsafe ctl.kc_min_chunk_size = 1 << 20
    unsafe ctl.kc_thread_func = { _, _, _ in 0 }
    for _ in 0..<count { _ = unsafe library.run(nil, 4096, &ctl) }
  }
  let times = try inTurns(
    setting.quick ? 5 : 15,
    [
      Contestant(name: "one") { seconds { runMany(calls) } / Double(calls) },
      Contestant(name: "32") { seconds { Threads.run(32) { _ in runMany(calls / 32) } } / Double(calls / 32 * 32) },
    ])
  printTable(
    ["`ktask_run` of a task for one thread", "a call"],
    [["one caller", times[0].text], ["32 callers at once", times[1].text]])
  printReading("what a call costs beyond its work.", of: times)
}
