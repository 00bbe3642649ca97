#define _GNU_SOURCE
#include "run.h"
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/uio.h>

bool maps_open(struct maps *maps) {
  maps->used = maps->at = 0;
  maps->file = raw_open("/proc/self/maps");
  return maps->file >= 0;
}

void maps_close(struct maps *maps) {
  if (maps->file >= 0) raw(SYS_close, maps->file);
}

/* The next line, ended by 0; NULL: there is none. */
static char *next_line(struct maps *maps) {
  for (;;) {
    char *line = maps->text + maps->at, *end = memchr(line, '\n', maps->used - maps->at);
    if (end) {
      *end = 0;
      maps->at = (size_t)(end - maps->text) + 1;
      return line;
    }
    memmove(maps->text, line, maps->used -= maps->at);
    maps->at = 0;
    // a path is never longer than PATH_MAX, which is less than the room here
    long count = raw(SYS_read, maps->file, maps->text + maps->used, sizeof maps->text - maps->used);
    if (count == -EINTR) continue;
    if (count <= 0) return NULL;
    maps->used += (size_t)count;
  }
}

/* start-end perms offset major:minor inode   path */
bool maps_next(struct maps *maps, struct mapping *mapping) {
  char *at = next_line(maps);
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

size_t maps_page_size(struct maps *maps, uintptr_t address) {
  struct map_query query = {.size = sizeof query, .address = address};
  if (raw(SYS_ioctl, maps->file, _IOWR('f', 17, struct map_query), &query)) return 0;
  return query.page_size;
}

long number_in(const char *path, const char *key) {
  char text[WORDS];
  int file = raw_open(path);
  if (file < 0) return -1;
  long count = raw(SYS_read, file, text, sizeof text - 1);
  raw(SYS_close, file);
  if (count <= 0) return -1;
  text[count] = 0;
  const char *found = strstr(text, key);
  return found && (found == text || found[-1] == '\n') ? strtol(found + strlen(key), NULL, 10) : -1;
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

static bool may_lock_all(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}};
  return !raw(SYS_capget, &header, data) && data[0].effective & 1U << CAP_IPC_LOCK;
}

bool limit_allows_locking(size_t length) {
  struct rlimit limit;
  if (raw(SYS_prlimit64, 0, RLIMIT_MEMLOCK, NULL, &limit)) return false;
  if (limit.rlim_cur == RLIM_INFINITY || may_lock_all()) return true;
  long locked = status_number("VmLck:");
  return locked >= 0 && ((size_t)locked << 10) + length <= limit.rlim_cur;
}
