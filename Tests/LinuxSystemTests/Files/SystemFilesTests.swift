import LinuxSystem
import TestSupport
import Testing

@Suite("Files of the kernel")
struct SystemFilesTests {
  @Test("are read without the white space at their end")
  func text() throws {
    let tree = try FileTree(["/a/b": "one\ntwo \n\n", "/a/c": "", "/a/n": "-12\n", "/a/m": "12 kB\n"])
    #expect(try tree.files.read("/a/b") == "one\ntwo")
    #expect(try tree.files.read("/a/c")?.isEmpty == true)
    #expect(try tree.files.readNumber("/a/n") == -12)
    #expect(throws: Unreadable("/a/m", .isUnclear)) { try tree.files.readNumber("/a/m") }
    #expect(try tree.files.names(in: "/a") == ["b", "c", "m", "n"])
    #expect(tree.files.exists("/a") && tree.files.exists("/a/c"))
  }

  @Test("that are not there say nothing")
  func absent() throws {
    let tree = try FileTree(["/a/b": ""])
    #expect(try tree.files.read("/x") == nil)
    #expect(try tree.files.readNumber("/a/b/c") == nil)
    #expect(try tree.files.names(in: "/a/b") == nil)
    #expect(!tree.files.exists("/x"))
    #expect(throws: Unreadable("/x", .noEntry)) { try tree.files.demand("/x") }
  }

  @Test("that are there and cannot be read are not taken for absent ones")
  func unreadable() throws {
    let tree = try FileTree(["/a/b": ""])
    #expect(throws: Unreadable("/a", .isDirectory)) { try tree.files.read("/a") }
    #expect(throws: Unreadable("/a/b", .isUnclear)) { try tree.files.readNumber("/a/b") }
  }

  @Test("say nothing of the kernel where their file system is not mounted")
  func unmounted() throws {
    let tree = try FileTree()
    for path in ["/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "/proc/self/cgroup"] {
      #expect(throws: Unreadable(path, .noEntry)) { try tree.files.read(path) }
    }
    try tree.write("/sys/kernel/notes", "")
    try tree.write("/proc/self/stat", "")
    #expect(try tree.files.read("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages") == nil)
    #expect(try tree.files.read("/proc/self/cgroup") == nil)
  }

  @Test("are read beyond the size of one read")
  func long() throws {
    let text = String(repeating: "0123456789", count: 10_000)
    let tree = try FileTree(["/long": text])
    #expect(try tree.files.read("/long") == text)
  }
}
