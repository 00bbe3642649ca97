// mmap and madvise.
#include "caller.h"

static void tell_map(void *start, size_t length) {
  tell("mmap", start == MAP_FAILED ? -1 : 0);
  printf("kept=%d\n", errno == EILSEQ);
  if (start != MAP_FAILED) tell_pages(start, length);
}

static void populate(int protection, int flags, int file, size_t length) {
  // a wish, where there is room
  tell_map(mmap(room(length), length, protection, flags | MAP_POPULATE, file, 0), length);
}

static void private(char **words) { (void)words; populate(BOTH, ANONYMOUS, -1, SIZE); }
static void shared(char **words) { (void)words; populate(BOTH, MAP_SHARED | MAP_ANONYMOUS, -1, SIZE); }
static void read_only(char **words) { (void)words; populate(PROT_READ, ANONYMOUS, -1, SIZE); }
static void untouchable(char **words) { (void)words; populate(PROT_NONE, ANONYMOUS, -1, SIZE); }
static void write_only(char **words) { (void)words; populate(PROT_WRITE, ANONYMOUS, -1, SIZE); }
static void unblocking(char **words) { (void)words; populate(BOTH, ANONYMOUS | MAP_NONBLOCK, -1, SIZE); }
static void uneven(char **words) { (void)words; populate(BOTH, ANONYMOUS, -1, SIZE + 4096 * 3 + 1); }
static void too_large(char **words) { (void)words; populate(BOTH, ANONYMOUS, -1, SIZE_MAX / 2); }
static void bad_file(char **words) { (void)words; populate(BOTH, MAP_PRIVATE, 999, SIZE); }
static void locked(char **words) { (void)words; populate(BOTH, ANONYMOUS | MAP_LOCKED, -1, SIZE); }
static void pool(char **words) { (void)words; populate(BOTH, ANONYMOUS | MAP_HUGETLB, -1, SIZE); }
static void pool_unpromised(char **words) {
  (void)words;
  populate(BOTH, ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, SIZE);
}

// PATH HOW PROTECTION
static void of_file(char **words) {
  int file = opened(words[0], O_RDWR);
  populate(strcmp(words[2], "r") ? BOTH : PROT_READ, strcmp(words[1], "shared") ? MAP_PRIVATE : MAP_SHARED, file, SIZE);
}

static void fixed(char **words) {
  (void)words;
  char *place = mapped(SIZE, BOTH, ANONYMOUS, -1);
  memset(place, 1, 1 << 20);
  void *start = mmap(place, SIZE, BOTH, ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);
  printf("zero=%d same=%d\n", place[0] == 0, start == place);
  tell_map(start, SIZE);
}

static void with_little_address_space(char **words) {
  (void)words;
  limit(RLIMIT_AS, (size_t)64 << 20);
  populate(BOTH, ANONYMOUS, -1, SIZE);
}

static void locked_beyond_limit(char **words) {
  (void)words;
  limit(RLIMIT_MEMLOCK, SIZE / 2);
  populate(BOTH, ANONYMOUS | MAP_LOCKED, -1, SIZE);
}

static void by_number(char **words) {
  (void)words;
  char *start = (char *)syscall(SYS_mmap, room(SIZE), SIZE, BOTH, ANONYMOUS | MAP_POPULATE, -1, 0);
  tell_map(start, SIZE);
  tell("mlock", syscall(SYS_mlock, start, SIZE));
  tell_pages(start, SIZE);
}

static void advised(void *start, size_t length, int advice) {
  tell("madvise", madvise(start, length, advice));
  tell_pages((void *)((uintptr_t)start & ~4095UL), length & ~4095UL);
}

static void advise_write(char **words) { (void)words; advised(mapped(SIZE, BOTH, ANONYMOUS, -1), SIZE, MADV_POPULATE_WRITE); }
static void advise_read(char **words) { (void)words; advised(mapped(SIZE, BOTH, ANONYMOUS, -1), SIZE, MADV_POPULATE_READ); }
static void advise_read_only(char **words) {
  (void)words;
  advised(mapped(SIZE, PROT_READ, ANONYMOUS, -1), SIZE, MADV_POPULATE_WRITE);
}
static void advise_uneven(char **words) {
  (void)words;
  advised((char *)mapped(SIZE, BOTH, ANONYMOUS, -1) + 1, SIZE - 4096, MADV_POPULATE_WRITE);
}

// A hole, and a part that may not be written, in the middle of it.
static void advise_hole(char **words) {
  (void)words;
  char *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
  munmap(start + SIZE / 2, 1 << 20);
  advised(start, SIZE, MADV_POPULATE_WRITE);
}
static void advise_protected(char **words) {
  (void)words;
  char *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
  mprotect(start + SIZE / 2, 1 << 20, PROT_READ);
  advised(start, SIZE, MADV_POPULATE_WRITE);
}

// PATH ADVICE: a shared mapping
static void advise_file(char **words) {
  void *start = mapped(SIZE, BOTH, MAP_SHARED, opened(words[0], O_RDWR));
  advised(start, SIZE, strcmp(words[1], "read") ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

static void advise_itself(char **words) {
  (void)words;
  char *start = mapped(2 * SIZE, BOTH, ANONYMOUS, -1);
  struct iovec ranges[] = {{start, SIZE}, {start + SIZE + (1 << 20), SIZE / 2}};
  int process = (int)syscall(SYS_pidfd_open, getpid(), 0);
  tell("process_madvise", syscall(SYS_process_madvise, process, ranges, 2, MADV_POPULATE_WRITE, 0));
  tell("of nothing that is there", syscall(SYS_process_madvise, process, (void *)8, 2, MADV_POPULATE_WRITE, 0));
  tell_pages(start, 2 * SIZE);
}

const struct scenario mapping_scenarios[] = {
    {"populate-private", private},
    {"populate-shared", shared},
    {"populate-read-only", read_only},
    {"populate-none", untouchable},
    {"populate-write-only", write_only},
    {"populate-nonblock", unblocking},
    {"populate-uneven", uneven},
    {"populate-too-large", too_large},
    {"populate-bad-file", bad_file},
    {"populate-locked", locked},
    {"populate-locked-beyond-limit", locked_beyond_limit},
    {"populate-pool", pool},
    {"populate-pool-unpromised", pool_unpromised},
    {"populate-file", of_file},
    {"populate-fixed", fixed},
    {"populate-little-address-space", with_little_address_space},
    {"syscall", by_number},
    {"advise-write", advise_write},
    {"advise-read", advise_read},
    {"advise-read-only", advise_read_only},
    {"advise-uneven", advise_uneven},
    {"advise-hole", advise_hole},
    {"advise-protected", advise_protected},
    {"advise-file", advise_file},
    {"advise-itself", advise_itself},
    {0},
};
