import FoundationEssentials
import Glibc
import KTask
import LinuxSystem
import TestSupport
import Testing

/// A library is a guest in somebody else's process.
@Suite("The engine in its process")
struct QuietTests {
  @Test("leaves signals, environment, directory and limits alone, and writes nothing")
  func leavesAlone() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder("quiet")
      let streams: [Int32] = [STDOUT_FILENO, STDERR_FILENO]
      let kept = streams.map { dup($0) }
      let file = unsafe open(folder.file("output"), O_RDWR | O_CREAT, 0o600)
      for stream in streams { dup2(file, stream) }
      let before = Surroundings()
      // with this machine's CPUs, limits and helpers, a failure and the undo
      let ends = try [Self.run(bad: nil), Self.run(bad: 7000)]
      let after = Surroundings()
      for (stream, copy) in zip(streams, kept) { dup2(copy, stream) }
      #expect(ends == [.finished, .failed])
      #expect(before == after)
      #expect(try FileStatus(of: file).size == 0)
    }
  }

  /// By its sources: what a constructor does, or a line that is printed in some rare case, is seen too late.
  @Test("has nothing that runs before the program does, and no line that prints")
  func sources() throws {
    let words = ["(constructor", "print(", " printf(", "fprintf(", "NSLog(", "dump("]
    for file in try Self.sources(of: ["CLinux", "KTask", "LinuxSystem"]) {
      let text = try #require(SystemFiles().text(file), "\(file)")
      #expect(words.filter { text.contains($0) }.isEmpty, "\(file)")
    }
  }

  private static func sources(of targets: [String]) throws -> [String] {
    var files: [String] = []
    var folders = targets.map { Checkout.folder.appending(path: "Sources/\($0)").path() }
    while let folder = folders.popLast() {
      for name in SystemFiles().entries(of: folder) {
        let path = folder + "/" + name
        if [".swift", ".c", ".h"].contains(where: { name.hasSuffix($0) }) { files.append(path) }
        if !name.contains(".") { folders.append(path) }
      }
    }
    return files
  }

  private static func run(bad: Int?) throws -> TaskOutcome<Int, Trouble>.End {
    var control = TaskControl(minimumChunk: 10)
    control.threads = .exactly(3)
    control.maximumChunk = 10
    let work = RecordedWork { chunk throws(Trouble) in
      if let bad, chunk.contains(bad) { throw Trouble(position: bad) }
    }
    return try control.run(work, start: 0, size: 10_000).end
  }

  /// What a process has one of.
  private struct Surroundings: Equatable {
    /// One more than SIGRTMAX, which Swift does not import.
    static let signalsEnd: Int32 = 65
    var handlers: [UInt] = []
    var flags: [Int32] = []
    var mask: [Int32] = []
    var environment: [String] = []
    var directory: String?
    var locale: String?

    init() {
      for signal in 1..<Self.signalsEnd {
        var action = sigaction()
        unsafe sigaction(signal, nil, &action)
        unsafe handlers.append(unsafeBitCast(action.__sigaction_handler, to: UInt.self))
        flags.append(action.sa_flags)
      }
      var blocked = sigset_t()
      unsafe pthread_sigmask(SIG_BLOCK, nil, &blocked)
      mask = (1..<Self.signalsEnd).map { unsafe sigismember(&blocked, $0) }
      var next = unsafe environ
      while let entry = unsafe next.pointee {
        unsafe environment.append(String(cString: entry))
        unsafe next += 1
      }
      var path = [CChar](repeating: 0, count: Int(PATH_MAX))
      directory = unsafe getcwd(&path, path.count).map { unsafe String(cString: $0) }
      locale = unsafe setlocale(LC_ALL, nil).map { unsafe String(cString: $0) }
    }
  }
}
