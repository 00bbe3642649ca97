// Memory policies: what a mask means, and what is left of one that the caller has set when a call fails.
#define _GNU_SOURCE
#include <ktask.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "check.h"

// The numbers of set_mempolicy(2), whose header is libnuma's.
enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, OF_ADDRESS = 2, STATIC_NODES = 1 << 15 };

static const size_t length = 16 << 20;

static char *map(int flags) {
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED && madvise(memory, length, MADV_NOHUGEPAGE) == 0);
  return memory;
}

static long set(char *memory, size_t bytes, int mode, const unsigned long *mask, unsigned long maxnode) {
  return syscall(SYS_mbind, memory, bytes, mode, mask, maxnode, 0);
}

static int mode_at(char *memory, unsigned long *nodes) {
  unsigned long mask[16] = {0};
  int mode = -1;
  CHECK(syscall(SYS_get_mempolicy, &mode, mask, sizeof mask * 8, memory, OF_ADDRESS) == 0);
  if (nodes) *nodes = mask[0];
  return mode;
}

// A policy for the first quarter, another one for the second, none for the rest; its flags are part of it.
static void set_several(char *memory) {
  const unsigned long node = 1;
  CHECK(set(memory, length / 4, PREFERRED, &node, 2) == 0);
  CHECK(set(memory + length / 4, length / 4, INTERLEAVE | STATIC_NODES, &node, 2) == 0);
}

static void expect_several(char *memory) {
  unsigned long nodes;
  CHECK(mode_at(memory, &nodes) == PREFERRED && nodes == 1);
  CHECK(mode_at(memory + length / 4 - 1, NULL) == PREFERRED);
  CHECK(mode_at(memory + length / 4, &nodes) == (INTERLEAVE | STATIC_NODES) && nodes == 1);
  CHECK(mode_at(memory + length / 2, &nodes) == DEFAULT && nodes == 0);
  CHECK(mode_at(memory + length - 1, NULL) == DEFAULT);
}

static struct ktask_options options_for(const unsigned long *mask, unsigned long maxnode) {
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  options.ko_nodemask = mask;
  options.ko_maxnode = maxnode;
  return options;
}

static void check_refused(void) {
  char *memory = map(MAP_PRIVATE);
  const unsigned long none = 0, node = 1;
  set_several(memory);
  struct ktask_options options = options_for(&none, 65);
  CHECK(ktask_populate(memory, length, &options, NULL) == -1 && errno == EINVAL);
  expect_several(memory);
  options = options_for(&node, 65);
  options.ko_policy = 99;
  CHECK(ktask_lock(memory, length, &options, NULL) == -1 && errno == EINVAL);
  expect_several(memory);
  options = options_for(&node, 65);
  options.ko_page_size = 12345;
  options.ko_threads = 2;
  CHECK(ktask_clear(memory, length, &options, NULL) == -1 && errno == EINVAL);
  expect_several(memory);
  CHECK(munmap(memory, length) == 0);
}

// Refused by the kernel when a part has its policy already; and while pages are made.
static void check_failed(void) {
  char *memory = map(MAP_PRIVATE);
  const unsigned long far = 1 | 1UL << 63, node = 1;
  set_several(memory);
  struct ktask_options options = options_for(&far, 65);
  CHECK(ktask_populate(memory, length, &options, NULL) == -1 && errno == EINVAL);
  expect_several(memory);

  CHECK(mprotect(memory + length / 8 * 7, (size_t)getpagesize(), PROT_NONE) == 0);
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  int (*calls[])(void *, size_t, const struct ktask_options *, struct ktask_result *) = {
      ktask_populate, ktask_clear, ktask_lock};
  for (int policy = 0; policy <= INTERLEAVE; policy++)
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
      options = options_for(&node, 2);
      options.ko_policy = policy;
      CHECK(calls[i](memory, length, &options, &result) == -1 && result.kr_undone == 1);
      expect_several(memory);
    }
  CHECK(munmap(memory, length) == 0);
}

static void check_done(void) {
  char *memory = map(MAP_PRIVATE);
  const unsigned long node = 1;
  set_several(memory);
  struct ktask_options options = options_for(&node, 2);
  CHECK(ktask_populate(memory, length, &options, NULL) == 0);
  CHECK(mode_at(memory, NULL) == BIND && mode_at(memory + length - 1, NULL) == BIND);
  CHECK(munmap(memory, length) == 0);
}

// A file's own policies are not seen through one mapping of it.
static void check_shared(void) {
  char *memory = map(MAP_SHARED);
  const unsigned long node = 1;
  set_several(memory);
  CHECK(mprotect(memory + length / 8 * 7, (size_t)getpagesize(), PROT_NONE) == 0);
  struct ktask_options options = options_for(&node, 2);
  CHECK(ktask_populate(memory, length, &options, NULL) == -1);
  CHECK(mode_at(memory, NULL) == DEFAULT && mode_at(memory + length / 4, NULL) == DEFAULT);
  CHECK(munmap(memory, length) == 0);
}

// The kernel looks at one bit less than it is told of, and so does the library; neither at more words than those are in.
static void check_mask(void) {
  char *memory = map(MAP_PRIVATE);
  size_t page = (size_t)getpagesize();
  char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pages != MAP_FAILED && mprotect(pages + page, page, PROT_NONE) == 0);
  unsigned long *mask = (unsigned long *)(pages + page) - 1;
  const struct {
    unsigned long mask, maxnode;
    int error;
  } rows[] = {{1, 0, EINVAL}, {1, 1, EINVAL}, {1, 2, 0}, {2, 2, EINVAL}, {3, 2, 0}, {1, 64, 0}, {1, 65, 0},
              {1, 1UL << 40, EINVAL}, {1, -1UL, EINVAL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    *mask = rows[i].mask;
    struct ktask_options options = options_for(mask, rows[i].maxnode);
    for (options.ko_policy = BIND; options.ko_policy <= INTERLEAVE; options.ko_policy++) {
      int kernels = set(memory, length, options.ko_policy, mask, rows[i].maxnode) ? errno : 0;
      int ours = ktask_populate(memory, length, &options, NULL) ? errno : 0;
      CHECK(kernels == rows[i].error && ours == rows[i].error);
    }
  }
  // the last bit of a word is looked at where the next one's first would be named; bound to it alone there is nothing
  *mask = 1 | 1UL << 63;
  struct ktask_options options = options_for(mask, 64);
  CHECK(ktask_populate(memory, length, &options, NULL) == 0);
  options.ko_maxnode = 65;
  CHECK(ktask_populate(memory, length, &options, NULL) == -1 && errno == EINVAL);
  CHECK(munmap(pages, 2 * page) == 0 && munmap(memory, length) == 0);
}

// From here on this thread may not ask for policies.
static void forbid_asking(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_get_mempolicy, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void *call_unasked(void *memory) {
  forbid_asking();
  const unsigned long node = 1;
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  options.ko_nodemask = &node;
  options.ko_maxnode = 2;
  CHECK(ktask_populate(memory, length, &options, NULL) == -1 && errno == EPERM);
  return NULL;
}

// A policy that could not be put back is not taken away.
static void check_not_told(void) {
  char *memory = map(MAP_PRIVATE);
  set_several(memory);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, call_unasked, memory) == 0 && pthread_join(thread, NULL) == 0);
  expect_several(memory);
  CHECK(munmap(memory, length) == 0);
}

int main(void) {
  check_not_told();
  check_refused();
  check_failed();
  check_done();
  check_shared();
  check_mask();
  return 0;
}
