#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

int clinux_keep_heap(size_t bytes) {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  // not a pointer that the compiler may see through: it takes a pair of malloc and free for nothing
  void *volatile heap = malloc(bytes);
  if (heap == NULL) return ENOMEM;
  free(heap);
  return 0;
}

static bool can_map(size_t bytes, int protection) {
  void *place = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return false;
  munmap(place, bytes);
  return true;
}

static bool is_limited(int resource) {
  struct rlimit limit;
  return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

int clinux_limit_against(size_t bytes) {
  if (is_limited(RLIMIT_AS) && !can_map(bytes, PROT_NONE)) return RLIMIT_AS;
  if (is_limited(RLIMIT_DATA) && !can_map(bytes, PROT_READ | PROT_WRITE)) return RLIMIT_DATA;
  return -1;
}
