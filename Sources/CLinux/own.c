#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

int clinux_demand_heap(size_t bytes) {
  // as above
  void *volatile room = malloc(bytes);
  if (room == NULL) return ENOMEM;
  free(room);
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
  // malloc takes more than it is asked for, and in larger pieces
  bytes += 2 << 20;
  if (is_limited(RLIMIT_AS) && !can_map(bytes, PROT_NONE)) return RLIMIT_AS;
  if (is_limited(RLIMIT_DATA) && !can_map(bytes, PROT_READ | PROT_WRITE)) return RLIMIT_DATA;
  return -1;
}

#ifdef __x86_64__
enum { LARGEST_PAGE = 4 << 10 };
#else
enum { LARGEST_PAGE = 64 << 10 };
#endif

// A page that the kernel clears in every child that gets a copy of this memory, however it was made (MADV_WIPEONFORK, Linux
// 4.14): no handler need be registered, and a child of vfork(2), which has this memory itself, counts as this process. It lies
// in the library: a mapping of one page, made in the midst of a program's call, would fill a hole of the program's.
static union {
  _Atomic uint32_t generation;
  char page[LARGEST_PAGE];
} wiped __attribute__((aligned(LARGEST_PAGE)));
static _Atomic(_Atomic uint32_t *) mark;
static _Atomic uint32_t none;
static _Atomic uint32_t newest;

static _Atomic uint32_t *find_mark(void) {
  bool is_wiped = madvise(&wiped, sizeof wiped, MADV_WIPEONFORK) == 0;
  _Atomic uint32_t *found = is_wiped ? &wiped.generation : &none, *before = NULL;
  return atomic_compare_exchange_strong(&mark, &before, found) ? found : before;
}

uint32_t clinux_generation(void) {
  _Atomic uint32_t *at = atomic_load_explicit(&mark, memory_order_acquire);
  if (!at) at = find_mark();
  if (at == &none) return (uint32_t)getpid();
  uint32_t known = atomic_load_explicit(at, memory_order_relaxed);
  if (known) return known;
  uint32_t next = atomic_fetch_add(&newest, 1) + 1;
  return atomic_compare_exchange_strong(at, &known, next) ? next : known;
}

// Files whose locks are this process's alone. A number of 0: none.
enum { LOCK_FILES = 4 };
static struct {
  _Atomic int number;
  dev_t device;
  ino_t inode;
} lock_files[LOCK_FILES];

static void close_in_child(void) {
  for (int i = 0; i < LOCK_FILES; i++) {
    int number = atomic_exchange(&lock_files[i].number, 0);
    struct stat now;
    if (number <= 0 || fstat(number, &now) == -1) continue;
    // else the program has closed it, and opened one of its own there
    if (now.st_dev == lock_files[i].device && now.st_ino == lock_files[i].inode) close(number);
  }
}

int clinux_close_in_children(int number) {
  static _Atomic bool is_told;
  struct stat status;
  if (number <= 0 || fstat(number, &status) == -1) return -1;
  if (!atomic_exchange(&is_told, true)) pthread_atfork(NULL, NULL, close_in_child);
  for (int i = 0; i < LOCK_FILES; i++) {
    // none of it counts as long as the number is negative
    int none = 0;
    if (!atomic_compare_exchange_strong(&lock_files[i].number, &none, -1)) continue;
    lock_files[i].device = status.st_dev;
    lock_files[i].inode = status.st_ino;
    atomic_store(&lock_files[i].number, number);
    return i;
  }
  return -1;
}

void clinux_keep_in_children(int slot) { atomic_store(&lock_files[slot].number, 0); }

static _Atomic(void *) objects[CLINUX_OBJECTS];

void *clinux_object(enum clinux_object which) { return atomic_load_explicit(&objects[which], memory_order_acquire); }

void *clinux_object_keep(enum clinux_object which, void *object) {
  void *before = NULL;
  return atomic_compare_exchange_strong(&objects[which], &before, object) ? object : before;
}
