#include "caller.h"
#include <linux/capability.h>

static size_t page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

void tell(const char *what, long result) {
  int error = errno;
  printf("%s=%ld errno=%d\n", what, result, result == -1 ? error : 0);
  errno = error;
}

// How many pages are there, and which: the number, and a sum of their places.
static void tell_present(uintptr_t start, size_t length) {
  int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  size_t present = 0, places = 0;
  for (size_t i = 0; i < length / page(); i++) {
    uint64_t entry = 0;
    if (pread(file, &entry, sizeof entry, (off_t)((start / page() + i) * sizeof entry)) != sizeof entry) break;
    if (entry >> 63) {
      present++;
      places = places * 31 + i;
    }
  }
  close(file);
  printf("present=%zu places=%zx\n", present, places);
}

// Of every mapping of the range, from smaps.
static void tell_mappings(uintptr_t start, uintptr_t end) {
  FILE *maps = fopen("/proc/self/smaps", "re");
  char line[4096];
  bool is_inside = false;
  while (maps && fgets(line, sizeof line, maps)) {
    unsigned long from, to;
    char dash;
    if (sscanf(line, "%lx%c%lx ", &from, &dash, &to) == 3 && dash == '-') {
      is_inside = from < end && to > start;
      if (is_inside) printf("mapping=%.4s at=%ld length=%lu\n", strchr(line, ' ') + 1, (long)(from - start), to - from);
    } else if (is_inside && (!strncmp(line, "VmFlags", 7) || strstr(line, "_Dirty") || !strncmp(line, "Locked", 6))) {
      fputs(line, stdout);
    }
  }
  if (maps) fclose(maps);
}

void tell_pages(const void *start, size_t length) {
  int error = errno;
  fflush(stdout);
  tell_present((uintptr_t)start, length);
  tell_mappings((uintptr_t)start, (uintptr_t)start + length);
  errno = error;
}

void *room(size_t length) {
  // no call that is looked at; where there is no such room the kernel chooses
  char *place = mmap(NULL, length + (4 << 20), PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return NULL;
  char *start = (char *)(((uintptr_t)place + (2 << 20)) & ~(uintptr_t)((2 << 20) - 1));
  munmap(start, (length + (1 << 20)) & ~(size_t)((1 << 20) - 1));
  return start;
}

void *mapped(size_t length, int protection, int flags, int file) {
  void *result = mmap(room(length), length, protection, flags, file, 0);
  if (result == MAP_FAILED) tell("mapped", -1);
  return result;
}

int opened(const char *path, int flags) {
  int file = open(path, flags | O_CLOEXEC, 0600);
  if (file == -1) {
    tell("open", -1);
    exit(1);
  }
  return file;
}

void limit(int resource, size_t bytes) {
  struct rlimit limit;
  // who may not raise the hard limit takes that
  if (getrlimit(resource, &limit)) exit(1);
  limit.rlim_cur = limit.rlim_max = bytes < limit.rlim_max ? bytes : limit.rlim_max;
  if (setrlimit(resource, &limit)) exit(1);
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data)) exit(1);
  data[0].effective &= ~(1U << CAP_IPC_LOCK);
  if (syscall(SYS_capset, &header, data)) exit(1);
}

static const struct scenario *find(const struct scenario *scenario, const char *name) {
  while (scenario->name && strcmp(scenario->name, name)) scenario++;
  return scenario->name ? scenario : NULL;
}

int main(int count, char **words) {
  const struct scenario *all[] = {mapping_scenarios, locking_scenarios,      file_scenarios,
                                  process_scenarios, simultaneous_scenarios, interrupted_scenarios};
  for (size_t i = 0; count > 1 && i < sizeof all / sizeof *all; i++) {
    const struct scenario *scenario = find(all[i], words[1]);
    if (!scenario) continue;
    errno = EILSEQ;  // what no call here brings: it must still be there afterwards
    scenario->run(words + 2);
    return 0;
  }
  return 64;
}
