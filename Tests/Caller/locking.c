// mlock and mlockall.
#include "caller.h"

static void lock(void *start, size_t length) {
  tell("mlock", mlock(start, length));
  printf("kept=%d\n", errno == EILSEQ);
  tell_pages((void *)((uintptr_t)start & ~4095UL), length & ~4095UL);
}

static void plain(char **words) { (void)words; lock(mapped(SIZE, BOTH, ANONYMOUS, -1), SIZE); }
static void shared(char **words) { (void)words; lock(mapped(SIZE, BOTH, MAP_SHARED | MAP_ANONYMOUS, -1), SIZE); }
static void read_only(char **words) { (void)words; lock(mapped(SIZE, PROT_READ, ANONYMOUS, -1), SIZE); }
static void uneven(char **words) { (void)words; lock((char *)mapped(SIZE, BOTH, ANONYMOUS, -1) + 5, SIZE - 9000); }
static void pool(char **words) { (void)words; lock(mapped(SIZE, BOTH, ANONYMOUS | MAP_HUGETLB, -1), SIZE); }
static void pool_unpromised(char **words) {
  (void)words;
  lock(mapped(SIZE, BOTH, ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1), SIZE);
}
static void pool_beyond_limit(char **words) {
  (void)words;
  void *start = mapped(SIZE, BOTH, ANONYMOUS | MAP_HUGETLB, -1);
  limit(RLIMIT_MEMLOCK, SIZE / 2);
  lock(start, SIZE);
}

// PATH HOW PROTECTION
static void of_file(char **words) {
  int file = opened(words[0], O_RDWR), how = strcmp(words[1], "shared") ? MAP_PRIVATE : MAP_SHARED;
  lock(mapped(SIZE, strcmp(words[2], "r") ? BOTH : PROT_READ, how, file), SIZE);
}

static void hole(char **words) {
  (void)words;
  char *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
  munmap(start + SIZE / 2, 1 << 20);
  lock(start, SIZE);
}

static void untouchable_part(char **words) {
  (void)words;
  char *start = mapped(3 * SIZE, BOTH, ANONYMOUS, -1);
  mprotect(start + SIZE, 1 << 20, PROT_NONE);
  lock(start, 3 * SIZE);
}

static void beyond_limit(char **words) {
  (void)words;
  void *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
  limit(RLIMIT_MEMLOCK, SIZE / 2);
  lock(start, SIZE);
}

static void not_at_all(char **words) {
  (void)words;
  void *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
  limit(RLIMIT_MEMLOCK, 0);
  lock(start, SIZE);
}

static void within_limit(char **words) {
  (void)words;
  void *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
  limit(RLIMIT_MEMLOCK, SIZE);
  lock(start, SIZE);
  tell("again", mlock(start, SIZE));
  tell("munlock", munlock(start, SIZE));
  tell_pages(start, SIZE);
}

static void on_fault(char **words) {
  (void)words;
  void *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
  tell("mlock2", mlock2(start, SIZE, MLOCK_ONFAULT));
  tell_pages(start, SIZE);
  tell("mlock2", mlock2(start, SIZE, 0));
  tell_pages(start, SIZE);
  tell("mlock2", mlock2(start, SIZE, 77));
}

static void all(int flags) {
  void *before = mapped(SIZE, BOTH, ANONYMOUS, -1), *shared = mapped(SIZE, BOTH, MAP_SHARED | MAP_ANONYMOUS, -1);
  tell("mlockall", mlockall(flags));
  tell_pages(before, SIZE);
  tell_pages(shared, SIZE);
  void *after = mmap(room(SIZE), SIZE, BOTH, ANONYMOUS, -1, 0);
  tell("mmap", after == MAP_FAILED ? -1 : 0);
  if (after != MAP_FAILED) tell_pages(after, SIZE);
  void *small = mapped(1 << 20, BOTH, ANONYMOUS, -1);
  if (small != MAP_FAILED) tell_pages(small, 1 << 20);
  tell("munlockall", munlockall());
  after = mapped(SIZE, BOTH, ANONYMOUS, -1);
  tell_pages(after, SIZE);
}

static void all_now(char **words) { (void)words; all(MCL_CURRENT); }
static void all_future(char **words) { (void)words; all(MCL_FUTURE); }
static void all_both(char **words) { (void)words; all(MCL_CURRENT | MCL_FUTURE); }
static void all_on_fault(char **words) { (void)words; all(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT); }
static void all_wrong(char **words) { (void)words; tell("mlockall", mlockall(64)); }
static void all_beyond_limit(char **words) {
  (void)words;
  limit(RLIMIT_MEMLOCK, SIZE / 2);
  all(MCL_CURRENT);
}
static void future_beyond_limit(char **words) {
  (void)words;
  limit(RLIMIT_MEMLOCK, SIZE / 2);
  all(MCL_FUTURE);
}

// Of its address space.
static size_t size_of_process(void) {
  char line[256];
  size_t size = 0;
  FILE *status = fopen("/proc/self/status", "re");
  while (status && fgets(line, sizeof line, status))
    if (!strncmp(line, "VmSize:", 7)) size = strtoul(line + 7, NULL, 10) << 10;
  if (status) fclose(status);
  return size;
}

// The limit has room for what the process is, and for no more.
static void all_near_limit(char **words) {
  (void)words;
  mmap(NULL, 2 << 20, BOTH, ANONYMOUS, -1, 0);
  limit(RLIMIT_MEMLOCK, size_of_process() + (256 << 10));
  tell("mlockall", mlockall(MCL_CURRENT));
}

// The limit has room for what is mapped, and not for the stacks of threads.
static void future_near_limit(char **words) {
  (void)words;
  limit(RLIMIT_MEMLOCK, 8 << 20);
  tell("mlockall", mlockall(MCL_FUTURE));
  for (size_t mebibytes = 4; mebibytes >= 3; mebibytes--)
    tell("mmap", mmap(NULL, mebibytes << 20, BOTH, ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

// Nothing can be allocated any more, whether the engine has been at work before or not.
static void without_heap(char **words) {
  void *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
  if (*words) tell("mlock", mlock(start, SIZE));
  tell("munlock", munlock(start, SIZE));
  limit(RLIMIT_AS, size_of_process());
  // not what the compiler may leave out
  void *volatile taken;
  for (size_t size = 1 << 20; size >= 16; size /= 2)
    while ((taken = malloc(size))) continue;
  tell("mlock", mlock(start, SIZE));
  tell("madvise", madvise(start, SIZE, MADV_POPULATE_WRITE));
}

// What comes later in a child is not locked: the lock is not inherited.
static void all_future_child(char **words) {
  (void)words;
  tell("mlockall", mlockall(MCL_FUTURE));
  fflush(stdout);
  if (fork() == 0) {
    void *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
    tell_pages(start, SIZE);
    fflush(stdout);
    _exit(0);
  }
}

const struct scenario locking_scenarios[] = {
    {"lock", plain},
    {"lock-shared", shared},
    {"lock-read-only", read_only},
    {"lock-uneven", uneven},
    {"lock-pool", pool},
    {"lock-pool-unpromised", pool_unpromised},
    {"lock-pool-beyond-limit", pool_beyond_limit},
    {"lock-file", of_file},
    {"lock-hole", hole},
    {"lock-untouchable-part", untouchable_part},
    {"lock-beyond-limit", beyond_limit},
    {"lock-not-at-all", not_at_all},
    {"lock-within-limit", within_limit},
    {"lock-on-fault", on_fault},
    {"lock-all-now", all_now},
    {"lock-all-future", all_future},
    {"lock-all-both", all_both},
    {"lock-all-on-fault", all_on_fault},
    {"lock-all-wrong", all_wrong},
    {"lock-all-beyond-limit", all_beyond_limit},
    {"lock-all-near-limit", all_near_limit},
    {"lock-future-beyond-limit", future_beyond_limit},
    {"lock-future-near-limit", future_near_limit},
    {"lock-without-heap", without_heap},
    {"lock-future-child", all_future_child},
    {0},
};
