// ktask-map-dma vfio GROUP DEVICE|iommufd NODE CASE BYTES
#include "mapper.h"
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { BOTH = PROT_READ | PROT_WRITE, ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS, UNIT = 2 << 20 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// Whole huge pages, in none of which a neighbour has a part.
static char *mapped(size_t length, int flags, int file, int advice) {
  char *room = mmap(NULL, length + 2 * UNIT, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);
  char *start = (char *)(((uintptr_t)room + UNIT) & ~(uintptr_t)(UNIT - 1));
  if (mmap(start, length, BOTH, flags | MAP_FIXED, file, 0) == MAP_FAILED) demand(-1, "mmap");
  if (advice && madvise(start, length, advice)) demand(-1, "madvise");
  return start;
}

static long kilobytes(const char *name) {
  char line[256];
  long found = -1;
  FILE *status = fopen("/proc/self/status", "re");
  while (status && fgets(line, sizeof line, status))
    if (!strncmp(line, name, strlen(name))) found = strtol(line + strlen(name), NULL, 10);
  if (status) fclose(status);
  return found;
}

// Which pages are there: their number, and a sum of their places.
static void tell_pages(const char *start, size_t length) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), present = 0, places = 0;
  int file = demand(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), "pagemap");
  for (size_t i = 0; i < length / page; i++) {
    uint64_t entry = 0;
    off_t at = (off_t)(((uintptr_t)start / page + i) * sizeof entry);
    if (pread(file, &entry, sizeof entry, at) != sizeof entry || !(entry >> 63)) continue;
    present++;
    places = places * 31 + i;
  }
  close(file);
  printf("present=%zu places=%zx VmLck=%ld VmPin=%ld\n", present, places, kilobytes("VmLck:"), kilobytes("VmPin:"));
}

static void tell(const char *what, int result) {
  printf("%s=%d errno=%d\n", what, result, result == -1 ? errno : 0);
}

static void map(const struct space *space, char *memory, uint64_t address, size_t length, int writable) {
  errno = EILSEQ;
  tell("map", space->map(space, memory, address, length, writable));
  printf("kept=%d\n", errno == EILSEQ);
  tell_pages(memory, length);
}

static void map_and_unmap(const struct space *space, char *memory, size_t length) {
  map(space, memory, 0, length, 1);
  tell("unmap", space->unmap(space, 0, length));
  tell_pages(memory, length);
}

// The cases.
static void plain(const struct space *space, size_t length) {
  map_and_unmap(space, mapped(length, ANONYMOUS, -1, MADV_NOHUGEPAGE), length);
}
static void transparent(const struct space *space, size_t length) {
  map_and_unmap(space, mapped(length, ANONYMOUS, -1, MADV_HUGEPAGE), length);
}
static void pool(const struct space *space, size_t length) {
  map_and_unmap(space, mapped(length, ANONYMOUS | MAP_HUGETLB, -1, 0), length);
}
static void shared(const struct space *space, size_t length) {
  int file = demand(memfd_create("memory", MFD_CLOEXEC), "memfd_create");
  demand(ftruncate(file, (off_t)length), "ftruncate");
  map_and_unmap(space, mapped(length, MAP_SHARED, file, 0), length);
}
static void only_read(const struct space *space, size_t length) {
  map(space, mapped(length, ANONYMOUS, -1, MADV_NOHUGEPAGE), 0, length, 0);
}
static void twice(const struct space *space, size_t length) {
  char *memory = mapped(length, ANONYMOUS, -1, MADV_NOHUGEPAGE);
  map(space, memory, 0, length, 1);
  map(space, memory, 0, length, 1);
  map(space, memory, length, length, 1);
}
static void hole(const struct space *space, size_t length) {
  char *memory = mapped(length, ANONYMOUS, -1, MADV_NOHUGEPAGE);
  // of one page, in which no stack of a thread fits
  munmap(memory + length / 2, (size_t)sysconf(_SC_PAGESIZE));
  map(space, memory, 0, length, 1);
}
static void protected(const struct space *space, size_t length) {
  char *memory = mapped(length, ANONYMOUS, -1, MADV_NOHUGEPAGE);
  mprotect(memory + length / 2, length / 2, PROT_READ);
  map(space, memory, 0, length, 1);
}
static void uneven(const struct space *space, size_t length) {
  // pages that nobody needed after all may be there then
  tell("map", space->map(space, mapped(length, ANONYMOUS, -1, MADV_NOHUGEPAGE), 100, length, 1));
}

// From nothing to the last page that a device can reach.
static void timed(const struct space *space, size_t length, int advice) {
  double began = now();
  char *memory = mapped(length, ANONYMOUS, -1, advice);
  demand(space->map(space, memory, 0, length, 1), "map");
  printf("%.6f\n", now() - began);
}
static void time_plain(const struct space *space, size_t length) { timed(space, length, MADV_NOHUGEPAGE); }
static void time_transparent(const struct space *space, size_t length) { timed(space, length, MADV_HUGEPAGE); }

static const struct {
  const char *name;
  void (*run)(const struct space *space, size_t length);
} cases[] = {
    {"plain", plain},   {"transparent", transparent}, {"pool", pool},           {"shared", shared},
    {"only-read", only_read}, {"twice", twice},       {"hole", hole},           {"protected", protected},
    {"uneven", uneven}, {"time-plain", time_plain},   {"time-transparent", time_transparent},
};

int main(int count, char **words) {
  if (count < 5) return 64;
  bool is_vfio = !strcmp(words[1], "vfio") && count == 6;
  struct space space = is_vfio ? vfio_space(words[2], words[3]) : iommufd_space(words[2]);
  const char *name = words[count - 2], *bytes = words[count - 1];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (strcmp(cases[i].name, name)) continue;
    cases[i].run(&space, strtoul(bytes, NULL, 10));
    return 0;
  }
  return 64;
}
