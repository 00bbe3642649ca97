#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

// PROCMAP_QUERY came with Linux 6.11, too new for many systems' headers.
struct query {
  uint64_t size, flags, address, start, end, found, page_size, offset, inode;
  uint32_t major, minor, name_size, build_id_size;
  uint64_t name, build_id;
};
#define MAPPING_QUERY _IOWR('f', 17, struct query)
enum { IS_READABLE = 1 << 0, IS_WRITABLE = 1 << 1, IS_SHARED = 1 << 3, OR_NEXT = 1 << 4 };

// A name that no path of a mounted file system has, unless somebody takes pains.
static bool is_nameless(const char *name) {
  static const char *const beginnings[] = {"/memfd:", "/dev/zero (deleted)", "/SYSV", "/anon_hugepage (deleted)"};
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
    if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) return true;
  return false;
}

// Of shared anonymous memory and of a System V segment there is no descriptor.
static bool may_be_reserved(const char *name) { return !is_nameless(name) || strncmp(name, "/memfd:", 7) == 0; }

static bool is_anonymous(const char *name) {
  static const char pooled[] = "/anon_hugepage (deleted)", zero[] = "/dev/zero";
  return strncmp(name, pooled, sizeof pooled - 1) == 0 ||
         (strncmp(name, zero, sizeof zero - 1) == 0 && (name[sizeof zero - 1] == '\0' || name[sizeof zero - 1] == '\n'));
}

static int ask(int maps, uintptr_t address, struct clinux_own_mapping *mapping) {
  char name[64] = "";
  struct query query = {.size = sizeof query, .flags = OR_NEXT, .address = address,
                        .name_size = sizeof name, .name = (uintptr_t)name};
  int result = ioctl(maps, MAPPING_QUERY, &query);
  if (result == -1 && errno == ENAMETOOLONG) {  // a long path is no nameless file's
    query.name_size = 0;
    query.name = 0;
    result = ioctl(maps, MAPPING_QUERY, &query);
  }
  if (result == -1) return errno;
  *mapping = (struct clinux_own_mapping){
      .start = query.start, .end = query.end, .page_size = query.page_size,
      .is_readable = query.found & IS_READABLE, .is_writable = query.found & IS_WRITABLE,
      .is_shared = query.found & IS_SHARED, .device = query.inode ? makedev(query.major, query.minor) : 0, .is_nameless = is_nameless(name),
      .may_be_reserved = may_be_reserved(name), .has_file = query.inode && !is_anonymous(name)};
  return 0;
}

// The line that a mapping has in /proc/self/maps, and begins with in smaps; false for one that tells more of it there, or goes on.
static bool parse(const char *line, struct clinux_own_mapping *mapping) {
  unsigned long start, end, inode;
  unsigned major, minor;
  char access[5];
  int path = 0;
  if (sscanf(line, "%lx-%lx %4s %*x %x:%x %lu %n", &start, &end, access, &major, &minor, &inode, &path) < 6) return false;
  *mapping = (struct clinux_own_mapping){
      .start = start, .end = end, .page_size = (size_t)sysconf(_SC_PAGESIZE),
      .is_readable = access[0] == 'r', .is_writable = access[1] == 'w', .is_shared = access[3] == 's',
      .device = inode ? makedev(major, minor) : 0, .is_nameless = path > 0 && is_nameless(line + path),
      .may_be_reserved = path == 0 || may_be_reserved(line + path), .has_file = inode && !(path > 0 && is_anonymous(line + path))};
  return true;
}

// Only these have pages of another size, which older kernels tell in the long list alone, having looked at every page that is
// listed before them.
static bool may_have_larger_pages(const struct clinux_own_mapping *mapping) {
  enum { LEAST_LARGER = 64 << 10 };
  // a file system in memory has no device of its own: its number begins with 0
  return mapping->device && major(mapping->device) == 0 && (mapping->start | mapping->end) % LEAST_LARGER == 0;
}

static void note_page_size(struct clinux_own_mapping *mapping) {
  FILE *list = fopen("/proc/self/smaps", "re");
  char line[512];
  bool found = false;
  struct clinux_own_mapping at;
  unsigned long kilobytes;
  while (list && fgets(line, sizeof line, list)) {
    if (parse(line, &at)) found = at.start == mapping->start;
    else if (found && sscanf(line, "KernelPageSize: %lu kB", &kilobytes) == 1) {
      mapping->page_size = kilobytes << 10;
      break;
    }
  }
  if (list) fclose(list);
}

static int read_through(uintptr_t address, struct clinux_own_mapping *mappings, size_t room, size_t *count) {
  FILE *list = fopen("/proc/self/maps", "re");
  if (!list) return errno;
  char line[512];
  *count = 0;
  while (*count < room && fgets(line, sizeof line, list))
    if (parse(line, &mappings[*count]) && mappings[*count].end > address) ++*count;
  int error = ferror(list) ? EIO : *count ? 0 : ENOENT;
  fclose(list);
  for (size_t i = 0; i < *count; i++)
    if (may_have_larger_pages(&mappings[i])) note_page_size(&mappings[i]);
  return error;
}

// The first one alone, which is mostly all that is asked for.
static int read_on(struct clinux_mapping_walk *walk, uintptr_t address) {
  enum { ROOM = 128 };
  size_t room = walk->list ? ROOM : 1;
  if (!walk->list) walk->list = malloc(ROOM * sizeof *walk->list);
  walk->next = walk->count = 0;
  return walk->list ? read_through(address, walk->list, room, &walk->count) : ENOMEM;
}

static int ask_for(uintptr_t address, struct clinux_own_mapping *mapping) {
  int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (maps == -1) return errno == ENOENT ? ENOSYS : errno;
  int error = ask(maps, address, mapping);
  close(maps);
  return error;
}

int clinux_next_own_mapping(
    struct clinux_mapping_walk *walk, uintptr_t address, struct clinux_own_mapping *mapping) {
  int error = 0;
  if (walk->next == walk->count) {
    if (!walk->list) error = ask_for(address, mapping);
    if (!walk->list && error != ENOTTY && error != EINVAL) return error;
    error = read_on(walk, address);
  }
  if (!error) *mapping = walk->list[walk->next++];
  return error;
}

void clinux_end_walk(struct clinux_mapping_walk *walk) { free(walk->list); }
