#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

uint64_t clinux_device(unsigned major, unsigned minor) { return makedev(major, minor); }

int clinux_file_facts_at(int directory, const char *name, bool follow, struct clinux_file_facts *facts) {
  struct statx x;
  int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | (follow ? 0 : AT_SYMLINK_NOFOLLOW);
  if (statx(directory, name, flags, STATX_BASIC_STATS, &x) == -1) return errno;
  uint64_t allocated;
  if (__builtin_mul_overflow(x.stx_blocks, (uint64_t)512, &allocated)) allocated = UINT64_MAX;
  *facts = (struct clinux_file_facts){
      .device = clinux_device(x.stx_dev_major, x.stx_dev_minor), .inode = x.stx_ino,
      .allocated = allocated, .regular = S_ISREG(x.stx_mode), .directory = S_ISDIR(x.stx_mode)};
  return 0;
}

int clinux_open_flags_at(int fdinfo, const char *number, int *flags) {
  char text[256];
  int file = openat(fdinfo, number, O_RDONLY | O_CLOEXEC);
  if (file == -1) return errno;
  ssize_t count = read(file, text, sizeof text - 1);
  int error = answer(count);
  close(file);
  if (error) return error;
  text[count] = 0;
  const char *found = strstr(text, "flags:");
  if (!found) return ENODATA;
  *flags = (int)strtol(found + sizeof "flags:" - 1, NULL, 8);
  return 0;
}

int clinux_process_open(int number, int *process) {
  *process = (int)syscall(SYS_pidfd_open, number, 0);
  return answer(*process);
}

bool clinux_process_has_ended(int process) {
  struct pollfd wait = {.fd = process, .events = POLLIN};
  return poll(&wait, 1, 0) == 1;
}

// A number at *at that is followed by `end`; *at is then behind that.
static bool take_number(const char **at, const char *limit, int base, char end, uint64_t *number) {
  uint64_t value = 0;
  const char *digit = *at;
  for (; digit < limit && *digit != end; digit++) {
    int next = *digit >= '0' && *digit <= '9' ? *digit - '0' : *digit >= 'a' && *digit <= 'f' ? *digit - 'a' + 10 : 99;
    if (next >= base) return false;
    value = value * (uint64_t)base + (uint64_t)next;
  }
  if (digit == limit || digit == *at) return false;
  *at = digit + 1;
  *number = value;
  return true;
}

// start-end perms offset major:minor inode   path
static bool take_mapping(const char *line, const char *end, struct clinux_mapping *mapping) {
  uint64_t major, minor;
  const char *at = line;
  if (!take_number(&at, end, 16, '-', &mapping->start) || !take_number(&at, end, 16, ' ', &mapping->end)) return false;
  if (end - at < 5) return false;
  mapping->shared = at[3] == 's';
  at += 5;
  if (!take_number(&at, end, 16, ' ', &mapping->offset) || !take_number(&at, end, 16, ':', &major) ||
      !take_number(&at, end, 16, ' ', &minor) || !take_number(&at, end, 10, ' ', &mapping->inode))
    return false;
  mapping->device = clinux_device((unsigned)major, (unsigned)minor);
  while (at < end && *at == ' ') at++;
  mapping->path = (size_t)(at - line);
  mapping->path_length = (size_t)(end - at);
  return true;
}

bool clinux_next_mapping(const char *text, size_t length, size_t *at, struct clinux_mapping *mapping) {
  for (const char *end; *at < length && (end = memchr(text + *at, '\n', length - *at));) {
    size_t start = *at;
    *at = (size_t)(end - text) + 1;
    if (!take_mapping(text + start, end, mapping)) continue;
    mapping->path += start;
    return true;
  }
  return false;
}
