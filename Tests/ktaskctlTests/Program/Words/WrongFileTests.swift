@unsafe @preconcurrency import Glibc
import LinuxSystem
import Testing

extension ProgramTests {
  @Suite("Files that have no memory to make ready")
  struct WrongFileTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static let commands = ["prefault", "clear", "pin"]

    @Test("a directory is told from a file", arguments: commands)
    func directory(command: String) throws {
      try refused(command, scratch.path, "a directory")
    }

    @Test("a directory with a slash behind it as well", arguments: commands)
    func slash(command: String) throws {
      try refused(command, scratch.path + "/", "a directory")
    }

    @Test("a method that does not work for a file is told of the file")
    func method() throws {
      let file = scratch.file("vm")
      let ended = try ktaskctl("prefault", "--method", "map-cold", file, "--size", "2M", "--json")
      #expect(ended.status == 8)
      #expect(ended.message == "ktaskctl: \(file): the method map-cold does not work here")
      #expect(try ended.document().errors.map(\.path) == [file])
    }

    @Test("a FIFO is told from a file and is not waited for", arguments: commands)
    func fifo(command: String) throws {
      let path = scratch.file("fifo")
      try #require(unsafe mkfifo(path, 0o600) == 0)
      try refused(command, path, "a FIFO")
    }

    @Test("a socket is told from a file", arguments: commands)
    func socket(command: String) throws {
      let path = scratch.file("socket")
      try #require(unsafe mknod(path, S_IFSOCK | 0o600, 0) == 0)
      try refused(command, path, "a socket")
    }

    @Test("a device is told from a file", arguments: commands)
    func device(command: String) throws {
      try refused(command, "/dev/zero", "a character device")
    }

    @Test("a symbolic link is not followed, and what it leads to is the remedy", arguments: commands)
    func symbolicLink(command: String) throws {
      try tool("truncate", "--size", "2M", scratch.file("vm"))
      let link = scratch.file("link")
      try tool("ln", "--symbolic", "vm", link)
      let ended = try refused(command, link, "a symbolic link")
      #expect(ended.remedy == "name the file that it leads to: readlink -f \(link)")
      #expect(FileFacts(scratch.file("vm"))?.allocated == 0)
    }

    @discardableResult
    private func refused(_ command: String, _ path: String, _ kind: String) throws -> Ended {
      let ended = try ktaskctl(command, path, "--size", "2M")
      #expect(ended.status == 8)
      #expect(ended.message == "ktaskctl: \(path): is \(kind), not a regular file")
      return ended
    }

    @Test("a memfd of another process is reached by its name in /proc")
    func memfd() throws {
      let memory = try FileDescriptor.memory("vm")
      try memory.resize(to: 32 << 20)
      let path = "/proc/\(getpid())/fd/\(memory.number)"
      let made = try ktaskctl("prefault", path)
      #expect(made.status == 0, "\(made.err)")
      #expect(try memory.status().allocatedBytes == 32 << 20)
      try Content(path, bytes: 32 << 20).write(0..<32 << 20)
      let cleared = try ktaskctl("clear", path, "--even-if-open")
      #expect(cleared.status == 0, "\(cleared.err)")
      let content = try Content(path, bytes: 32 << 20)
      #expect(content.isZero)
    }

    @Test("a file without a size needs one", arguments: commands)
    func noSize(command: String) throws {
      let file = scratch.file("vm")
      try tool("touch", file)
      let ended = try ktaskctl(command, file)
      #expect(ended.status == 64)
      #expect(ended.remedy == "give it one: --size SIZE")
    }

    @Test("a new file without a size needs one, and is not made")
    func newWithoutSize() throws {
      let ended = try ktaskctl("prefault", scratch.file("vm"))
      #expect(ended.status == 64)
      #expect(FileFacts(scratch.file("vm")) == nil)
    }

    @Test("a file in a directory that is not there is not made")
    func noDirectory() throws {
      let file = scratch.file("none/vm")
      let ended = try ktaskctl("prefault", file, "--size", "2M", "--json")
      #expect(ended.status == 1)
      #expect(ended.message.hasPrefix("ktaskctl: \(file): ") && ended.message.contains("(ENOENT)"))
      #expect(try ended.document().errors.map(\.exitStatus) == [1])
    }

    @Test("a file in what is no directory is not made")
    func inAFile() throws {
      try tool("touch", scratch.file("vm"))
      let ended = try ktaskctl("prefault", scratch.file("vm/vm"), "--size", "2M")
      #expect(ended.status == 1)
      #expect(ended.message.contains("(ENOTDIR)"))
    }

    @Test("a size beyond what a file can have is refused", .enabled(if: Host.isRoot, "\(Host.needsRoot)"))
    func tooLarge() throws {
      let file = try scratch.tmpfs(mebibytes: 16) + "/vm"
      let ended = try ktaskctl("prefault", file, "--size", "9223372036854775807")
      #expect([3, 4].contains(ended.status), "\(ended.err)")
      #expect(FileFacts(file) == nil)
    }
  }
}
