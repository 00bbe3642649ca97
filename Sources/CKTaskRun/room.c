/*
 * Memory of a pool or of a tmpfs with a limit runs out with an error, at a place that several threads would choose
 * otherwise than one. Where there may be too little the call is the kernel's alone.
 */
#define _GNU_SOURCE
#include "run.h"
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

static const char short_pool[] = "the pool of huge pages may have too few";
static const char short_tmpfs[] = "the tmpfs may have too little room";
static const char unknown_file[] = "whether its file has room is not known";

static long pool_number(size_t page_size, const char *name) {
  char path[128];
  snprintf(path, sizeof path, "/sys/kernel/mm/hugepages/hugepages-%zukB/%s", page_size >> 10, name);
  return number_in(path, "");
}

const char *no_room_in_pool(size_t page_size, size_t bytes, bool is_promised) {
  long free = pool_number(page_size, "free_hugepages");
  long promised = is_promised ? 0 : pool_number(page_size, "resv_hugepages");
  if (free < 0 || promised < 0) return short_pool;
  return (unsigned long)(free - promised) < (bytes + page_size - 1) / page_size || free < promised ? short_pool : NULL;
}

static const char *no_room(const struct statfs *system, size_t bytes, bool is_promised) {
  size_t unit = (size_t)system->f_bsize;
  if (system->f_type == HUGETLBFS_MAGIC) return no_room_in_pool(unit, bytes, is_promised);
  if (system->f_type != TMPFS_MAGIC || !system->f_blocks) return NULL;
  return system->f_bavail < (bytes + unit - 1) / unit ? short_tmpfs : NULL;
}

const char *no_room_in_file(int file, size_t bytes, bool is_promised) {
  struct statfs system;
  if (raw(SYS_fstatfs, file, &system)) return unknown_file;
  return system.f_type == HUGETLBFS_MAGIC && is_promised ? NULL : no_room(&system, bytes, is_promised);
}

bool is_pooled_file(int file, size_t *page_size) {
  struct statfs system;
  if (raw(SYS_fstatfs, file, &system)) return false;
  *page_size = (size_t)system.f_bsize;
  return system.f_type == HUGETLBFS_MAGIC;
}

/* Shared memory and memfds are files of a tmpfs without a limit. */
static bool has_no_limit(const char *path) {
  static const char *const kinds[] = {"/memfd:", "/dev/zero (deleted)", "/SYSV", "/anon_hugepage"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strncmp(path, kinds[i], strlen(kinds[i]))) return true;
  return false;
}

const char *no_room_in(const struct mapping *mapping, size_t page_size, size_t bytes) {
  struct statfs system;
  if (page_size > base_page()) return no_room_in_pool(page_size, bytes, true);
  if (!mapping->inode || has_no_limit(mapping->path)) return NULL;
  return raw(SYS_statfs, mapping->path, &system) ? unknown_file : no_room(&system, bytes, true);
}
