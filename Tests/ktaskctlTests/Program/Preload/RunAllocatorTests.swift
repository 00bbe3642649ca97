import Foundation
import Testing

extension ProgramTests {
  @Suite(
    "ktaskctl run: programs with an allocator of their own",
    .enabled(if: Preloaded.isBuilt && Host.has("clang"), "\(Preloaded.need), and clang"))
  struct RunAllocatorTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// Its large allocations are large calls, made with its lock held. It waits there until a library that is being
    /// loaded, with the loader's lock held, is about to allocate as well.
    private static let program = """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <pthread.h>
      #include <stdio.h>
      #include <string.h>
      #include <sys/mman.h>
      #include <unistd.h>
      static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
      static char pool[32 << 20];
      static size_t used;
      static int is_held, is_loading;
      void is_being_loaded(void) {
        __atomic_store_n(&is_loading, 1, __ATOMIC_RELEASE);
        while (!__atomic_load_n(&is_held, __ATOMIC_ACQUIRE)) usleep(1000);
      }
      static void *map(size_t size) {
        __atomic_store_n(&is_held, 1, __ATOMIC_RELEASE);
        while (!__atomic_load_n(&is_loading, __ATOMIC_ACQUIRE)) usleep(1000);
        void *volatile memory =
            mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        return memory;
      }
      void *malloc(size_t size) {
        pthread_mutex_lock(&lock);
        size = (size + 31) & ~(size_t)15;
        void *memory = pool + used;
        if (size >= 64 << 20) memory = map(size);
        else used += size;
        pthread_mutex_unlock(&lock);
        return memory;
      }
      void free(void *memory) { (void)memory; }
      void *calloc(size_t count, size_t size) { return malloc(count * size); }
      void *realloc(void *old, size_t size) {
        void *memory = malloc(size);
        return old ? memcpy(memory, old, size) : memory;
      }
      static void *load(void *path) { return dlopen(path, RTLD_NOW); }
      int main(int count, char **words) {
        pthread_t loader;
        void *library;
        pthread_create(&loader, NULL, load, words[count - 1]);
        while (!__atomic_load_n(&is_loading, __ATOMIC_ACQUIRE)) usleep(1000);
        void *volatile memory = malloc(80 << 20);
        pthread_join(loader, &library);
        printf("%d %d\\n", memory != NULL, library != NULL);
        return 0;
      }
      """

    private static let library = """
      #include <stdlib.h>
      void is_being_loaded(void);
      __attribute__((constructor)) static void begin(void) {
        is_being_loaded();
        void *volatile memory = malloc(100);
        (void)memory;
      }
      """

    @Test("is left alone within it, even while somebody else waits for it who has the loader's lock")
    func deadlock() throws {
      try scratch.compile("program", Self.program, "-rdynamic", "-lpthread")
      try scratch.compile("library.so", Self.library, "-shared", "-fPIC")
      let words = [scratch.file("program"), scratch.file("library.so")]
      #expect(try Child(words).end().out == "1 1\n")
      let ended = try start(["run", "-v", "--"] + words).end()
      #expect(ended.out == "1 1\n")
      #expect(ended.err.hasSuffix("; left to the kernel: the call comes from the program's own allocator\n"))
    }
  }
}
