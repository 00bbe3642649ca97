#define _GNU_SOURCE
#include "run.h"
#include <sys/mman.h>

/*
 * Memory that a forked child finds empty (MADV_WIPEONFORK), and that a vfork child shares with its parent: what is in it
 * is true of the process that it names, and of no other. Its size is whole pages, the largest there are, so that they are its own.
 * An alignment above a page's would have the library loaded behind a gap, where COMMAND's small mappings would end.
 */
#ifdef __x86_64__
enum { LARGEST_PAGE = 4 << 10 };
#else
enum { LARGEST_PAGE = 64 << 10 };
#endif
static union {
  struct process process;
  char pages[(sizeof(struct process) + LARGEST_PAGE - 1) / LARGEST_PAGE * LARGEST_PAGE];
} wiped __attribute__((aligned(LARGEST_PAGE)));
_Static_assert(sizeof wiped % LARGEST_PAGE == 0, "whole pages");

struct process *const own = &wiped.process;

/* Inherited by every child. */
static bool has_filter;

static int process_id(void) { return (int)raw(SYS_getpid); }

__attribute__((constructor)) static void begin(void) {
  raw(SYS_madvise, &wiped, sizeof wiped, MADV_WIPEONFORK);
  own->id = process_id();
  remember_streams();
  read_settings();
}

bool is_own_process(void) {
  int id = process_id(), found = __atomic_load_n(&own->id, __ATOMIC_RELAXED);
  if (found == id) return true;
  // a forked child, which finds none; another of its threads may be first
  return !found && (__atomic_compare_exchange_n(&own->id, &found, id, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
                    found == id);
}

void note_filter(void) { has_filter = true; }

/* A kernel without seccomp(2) has no such line among the others; what cannot be read may have one. */
static bool has_filters(void) {
  long mode = status_number("Seccomp:");
  return mode < 0 ? status_number("Threads:") < 0 : mode > 0;
}

bool has_own_filter(void) {
  if (has_filter) return true;
  long filters = status_number("Seccomp_filters:");
  // before Linux 5.10 their number is not told: then any may be the program's own
  if (filters < 0 || settings.filters < 0) return has_filters();
  return filters > settings.filters;
}

bool is_on(void) { return settings.least != SIZE_MAX; }

void note_future_locks(int flags) {
  if (is_own_process()) own->future_locks = flags;
}

int future_locks(void) { return own->future_locks && is_own_process() ? own->future_locks : 0; }
