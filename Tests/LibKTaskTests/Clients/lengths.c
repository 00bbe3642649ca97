// Whatever a caller says of lengths and pages is answered, and holes are met before anything is done.
#define _GNU_SOURCE
#include <ktask.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "check.h"

typedef int call(void *, size_t, const struct ktask_options *, struct ktask_result *);
static call *const calls[] = {ktask_populate, ktask_clear, ktask_lock, ktask_release, ktask_verify};
enum { CALLS = sizeof calls / sizeof *calls };

static char *map(size_t length, int flags) {
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  CHECK(memory != MAP_FAILED);
  return memory;
}

// The most that it had so far, in KiB.
static long most_resident(void) {
  struct rusage usage;
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  return usage.ru_maxrss;
}

// More than is mapped: nothing is done, to what comes after it, too, and nothing is made ready for so many pages.
static void check_too_long(void) {
  // of whoever started it, too
  const long before = most_resident();
  char *memory = map(MIB, 0);
  memory[0] = 'x';
  for (int shift = 26; shift < 63; shift++) {
    for (int i = 0; i < CALLS; i++) {
      struct ktask_result result = KTASK_RESULT_INITIALIZER;
      CHECK(calls[i](memory, (size_t)1 << shift, NULL, &result) == -1 && errno == ENOMEM);
      CHECK(result.kr_bytes_done == 0 && result.kr_undone == 1 && memory[0] == 'x');
    }
  }
  CHECK(most_resident() - before < 64 << 10);
  CHECK(munmap(memory, MIB) == 0);
}

// So much may well be mapped.
static void check_long(void) {
  const size_t length = (size_t)1 << 44;
  char *memory = map(length, MAP_NORESERVE);
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  struct ktask_watch watch = KTASK_WATCH_INITIALIZER;
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  options.ko_watch = &watch;
  ktask_cancel(&watch);
  CHECK(ktask_populate(memory, length, &options, &result) == -1 && errno == ECANCELED && result.kr_undone == 1);
  CHECK(munmap(memory, length) == 0);
}

static void check_hole(void) {
  const size_t length = 64 * MIB, page = (size_t)sysconf(_SC_PAGESIZE), hole = 40 * MIB + 3 * page;
  char *memory = map(length, 0);
  memset(memory, 'x', length);
  CHECK(munmap(memory + hole, page) == 0);
  for (int i = 0; i < CALLS; i++) {
    struct ktask_result result = KTASK_RESULT_INITIALIZER;
    CHECK(calls[i](memory, length, NULL, &result) == -1 && errno == ENOMEM && result.kr_undone == 1);
    CHECK(result.kr_failed_offset == hole && result.kr_failed_length == page);
    CHECK(memory[0] == 'x' && memory[hole - 1] == 'x' && memory[length - 1] == 'x');
  }
  CHECK(munmap(memory, length) == 0);
}

// Parts for nodes, of pages larger than any, at the end of all addresses.
static void check_shares(void) {
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  unsigned long nodes = 3;
  options.ko_nodemask = &nodes;
  options.ko_maxnode = 3;
  for (int shift = 21; shift < 64; shift++) {
    options.ko_page_size = (size_t)1 << shift;
    CHECK(ktask_populate((void *)-8192, 4096, &options, NULL) == -1);
    CHECK(ktask_plan((size_t)-1 >> 1, &options, NULL) == (shift == 63 ? -1 : 0));
  }
}

int main(void) {
  check_shares();
  check_too_long();
  check_long();
  check_hole();
  return 0;
}
