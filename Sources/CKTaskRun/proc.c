#define _GNU_SOURCE
#include "run.h"
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static bool lines_open(struct lines *lines, const char *path) {
  struct stat status;
  *lines = (struct lines){.file = raw_open(path)};
  if (lines->file < 0) return false;
  if (!fstat(lines->file, &status)) lines->device = status.st_dev, lines->inode = status.st_ino;
  return true;
}

/* Programs close all that they did not open, and then open what is theirs under the same numbers. */
static bool is_ours(const struct lines *lines) {
  struct stat status;
  return lines->file >= 0 && !fstat(lines->file, &status) && status.st_dev == lines->device &&
         status.st_ino == lines->inode;
}

static void lines_close(struct lines *lines) {
  if (is_ours(lines)) raw(SYS_close, lines->file);
  lines->file = -1;
}

/* The next line, ended by 0, as far as it has room; NULL: there is none, or the file is not open any more. */
static char *next_line(struct lines *lines) {
  const size_t room = sizeof lines->text - 1;
  for (;;) {
    char *line = lines->text + lines->at, *end = memchr(line, '\n', lines->used - lines->at);
    bool is_part = !end && lines->used - lines->at == room, is_rest = lines->is_rest;
    if (end || is_part) {
      lines->is_rest = is_part;
      lines->at = is_part ? room : (size_t)(end - lines->text) + 1;
      *(is_part ? lines->text + room : end) = 0;
      if (is_rest) continue;
      return line;
    }
    memmove(lines->text, line, lines->used -= lines->at);
    lines->at = 0;
    if (!is_ours(lines)) return lines->file = -1, NULL;
    long count = raw(SYS_read, lines->file, lines->text + lines->used, room - lines->used);
    if (count == -EINTR) continue;
    if (count <= 0) return NULL;
    lines->used += (size_t)count;
  }
}

bool maps_open(struct lines *maps) { return lines_open(maps, "/proc/self/maps"); }

void maps_close(struct lines *maps) { lines_close(maps); }

/* From its beginning where it had to be opened anew. */
static char *next_map(struct lines *maps) {
  char *line = NULL;
  do
    if (maps->file < 0 && !maps_open(maps)) return NULL;
  while (!(line = next_line(maps)) && maps->file < 0);
  return line;
}

/* start-end perms offset major:minor inode   path */
bool maps_next(struct lines *maps, struct mapping *mapping) {
  char *at = next_map(maps);
  if (!at) return false;
  mapping->start = strtoul(at, &at, 16);
  mapping->end = strtoul(at + 1, &at, 16);
  mapping->reads = at[1] == 'r';
  mapping->writes = at[2] == 'w';
  mapping->executes = at[3] == 'x';
  mapping->shared = at[4] == 's';
  strtoul(at + 5, &at, 16);
  strtoul(at, &at, 16);
  strtoul(at + 1, &at, 16);
  mapping->inode = strtoul(at, &at, 10);
  at += strspn(at, " ");
  size_t length = strnlen(at, sizeof mapping->path - 1);
  memcpy(mapping->path, at, length);
  // a name that has no room here is no name
  mapping->path[at[length] ? 0 : length] = 0;
  return true;
}

/* PROCMAP_QUERY, since Linux 6.11. */
struct map_query {
  uint64_t size, flags, address, start, end, vma_flags, page_size, offset, inode;
  uint32_t major, minor, name_size, build_id_size;
  uint64_t name, build_id;
};

/* Of the mapping at that address, or of none. */
static struct map_query query_map(int maps, uintptr_t address) {
  struct map_query query = {.size = sizeof query, .address = address};
  return raw(SYS_ioctl, maps, _IOWR('f', 17, struct map_query), &query) ? (struct map_query){0} : query;
}

size_t maps_page_size(int maps, uintptr_t address) { return query_map(maps, address).page_size; }

uintptr_t mapping_start(uintptr_t address) {
  struct lines maps;
  struct mapping mapping = {0};
  if (!maps_open(&maps)) return 0;
  uintptr_t start = query_map(maps.file, address).start;
  while (!start && maps_next(&maps, &mapping))
    if (mapping.start <= address && address < mapping.end) start = mapping.start;
  maps_close(&maps);
  return start;
}

long number_in(const char *path, const char *key) {
  struct lines lines;
  const char *line;
  size_t length = strlen(key);
  if (!lines_open(&lines, path)) return -1;
  while ((line = next_line(&lines)) && strncmp(line, key, length)) {}
  long number = line ? strtol(line + length, NULL, 10) : -1;
  lines_close(&lines);
  return number;
}

long status_number(const char *key) { return number_in("/proc/thread-self/status", key); }

bool names_itself(int process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", process);
  return number_in(path, "Pid:") == raw(SYS_getpid);
}

static bool read_memory(void *copy, const void *from, size_t length) {
  int file = raw_open("/proc/self/mem");
  if (file < 0) return false;
  long count = raw(SYS_pread64, file, copy, length, from);
  raw(SYS_close, file);
  return count == (long)length;
}

bool peek(void *copy, const void *from, size_t length) {
  struct iovec to = {copy, length}, source = {(void *)from, length};
  long count = raw(SYS_process_vm_readv, raw(SYS_getpid), &to, 1, &source, 1, 0);
  // kernels need not have that call, and containers may keep it from their processes
  if (count == -ENOSYS || count == -EPERM) return read_memory(copy, from, length);
  return count == (long)length;
}

bool has_right(unsigned capability) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}};
  return !raw(SYS_capget, &header, data) && data[0].effective & 1U << capability;
}

const char beyond_limit[] = "the limit for locked memory may refuse it";

size_t locked_by_helpers(void) {
  size_t threads = settings.threads ? settings.threads : (size_t)sysconf(_SC_NPROCESSORS_ONLN);
  return (4 << 20) + (threads << 20);
}

bool limit_allows(size_t locked) {
  struct rlimit limit;
  if (raw(SYS_prlimit64, 0, RLIMIT_MEMLOCK, NULL, &limit)) return false;
  return limit.rlim_cur == RLIM_INFINITY || locked <= limit.rlim_cur || has_right(CAP_IPC_LOCK);
}

bool limit_allows_locking(size_t length) {
  long locked = status_number("VmLck:");
  return limit_allows((locked < 0 ? SIZE_MAX / 2 : (size_t)locked << 10) + length);
}
