import Foundation
import Testing

extension ProgramTests {
  /// A library of the tests' own stands in for CUDA's: it says which pages it finds.
  @Suite(
    "ktaskctl run: memory that is registered with CUDA, which a library of the tests' own stands in for",
    .enabled(if: Preloaded.isBuilt && Host.has("clang"), "\(Preloaded.need), and clang"))
  struct RunRegistrationTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private static let header = """
      #define _GNU_SOURCE
      #include <stdio.h>
      #include <stdlib.h>
      #include <sys/mman.h>
      int cuMemHostRegister_v2(void *address, size_t length, unsigned flags);

      """

    private static let standIn =
      header + """
        int cuMemHostRegister_v2(void *address, size_t length, unsigned flags) {
          unsigned char *pages = malloc(length / 4096);
          size_t count = 0;
          if (mincore(address, length, pages) == 0)
            for (size_t i = 0; i < length / 4096; i++) count += pages[i] & 1;
          printf("%zu pages, flags %u\\n", count, flags);
          return 217;
        }
        """

    private static let client =
      header + """
        int main(int count, char **words) {
          size_t length = (size_t)atoi(words[1]) << 20;
          void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          int result = count == 3 ? cuMemHostRegister_v2(memory, length, (unsigned)atoi(words[2])) : 1;
          printf("result %d\\n", result);
          return 0;
        }
        """

    /// Brings the stand-in with it: the program that loads it is linked against none.
    private static let plugin =
      header + """
        int last_call(void *address, size_t length) { return cuMemHostRegister_v2(address, length, 1); }
        int call(void *address, size_t length) { return cuMemHostRegister_v2(address, length, 1) + 0 * length; }
        """

    private static let host =
      header + """
        #include <dlfcn.h>
        int main(int count, char **words) {
          void *plugin = count == 3 ? dlopen(words[1], RTLD_NOW | RTLD_LOCAL) : NULL;
          int (*call)(void *, size_t) = plugin ? (int (*)(void *, size_t))dlsym(plugin, words[2]) : NULL;
          if (!call) return 9;
          for (size_t length = 16 << 20; length <= 128 << 20; length *= 8) {
            void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            printf("result %d\\n", call(memory, length));
          }
          puts(dlerror() ? "error" : "no error");
          return 0;
        }
        """

    /// The client's program, with the stand-in beside it.
    private func compiled() throws -> String {
      try scratch.compile("libcuda.so.1", Self.standIn, "-shared", "-fPIC")
      try scratch.compile("client", Self.client, scratch.file("libcuda.so.1"), "-Wl,-rpath,\(scratch.path)")
      return scratch.file("client")
    }

    @Test("finds its pages made, and gets the result that the library gives")
    func registered() throws {
      let program = try compiled()
      let alone = try Child([program, "128", "1"]).end()
      #expect(alone.out == "0 pages, flags 1\nresult 217\n")
      let report = scratch.file("report.json")
      let words = ["run"] + Preloaded.options + ["--report", report, "--", program]
      let ended = try start(words + ["128", "1"]).end()
      #expect(ended.out == "32768 pages, flags 1\nresult 217\n", "\(ended.err)")
      let calls = try Preloaded.report(report).calls
      #expect(calls.map(\.call) == ["cuMemHostRegister_v2"])
      #expect(calls.first?.parallelBytes == 128 << 20 && calls.first?.threads == 2)
    }

    @Test("is found where it came with a plugin, whoever called the plugin", arguments: ["call", "last_call"])
    func plugin(function: String) throws {
      _ = try compiled()
      try scratch.compile(
        "plugin.so", Self.plugin, "-shared", "-fPIC", scratch.file("libcuda.so.1"), "-Wl,-rpath,\(scratch.path)")
      try scratch.compile("host", Self.host)
      let words = [scratch.file("host"), scratch.file("plugin.so"), function]
      let small = "0 pages, flags 1\nresult 217\n"
      #expect(try Child(words).end().out == small + small + "no error\n")
      let ended = try start(["run"] + Preloaded.options + ["--"] + words).end()
      #expect(ended.out == small + "32768 pages, flags 1\nresult 217\nno error\n", "\(ended.err)")
    }

    @Test(
      "is left alone where it is small, or a device's own", arguments: [["16", "1"], ["128", "4"], ["128", "8"]])
    func leftAlone(words: [String]) throws {
      let program = try compiled()
      let ended = try start(["run"] + Preloaded.options + ["--", program] + words).end()
      #expect(ended.out == "0 pages, flags \(words[1])\nresult 217\n", "\(ended.err)")
    }
  }
}
