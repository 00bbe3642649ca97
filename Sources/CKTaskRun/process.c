#define _GNU_SOURCE
#include "run.h"
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>

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

static int process_id(void) { return (int)raw(SYS_getpid); }

__attribute__((constructor)) static void begin(void) {
  raw(SYS_madvise, &wiped, sizeof wiped, MADV_WIPEONFORK);
  own->id = process_id();
  remember_stack();
  remember_streams();
  note_allocator();
  read_settings();
}

bool is_own_process(void) {
  int id = process_id(), found = __atomic_load_n(&own->id, __ATOMIC_RELAXED);
  if (found == id) return true;
  // a forked child, which finds none; another of its threads may be first
  return !found && (__atomic_compare_exchange_n(&own->id, &found, id, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
                    found == id);
}

/*
 * A filter may end the program for a call that it does not make itself, be it getpid(2). From here on none is made, by its
 * children neither, which inherit both; what there is to tell is told before.
 */
long install_filter(bool is_strict, long number, long a, long b, long c, long d, long e) {
  bool is_own = is_on() && is_own_process();
  // what the kernel refuses anyway is not told beforehand
  bool is_told = is_own && (is_strict || raw(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 || has_right(CAP_SYS_ADMIN));
  if (is_told) report_before_filter();
  long result = raw(number, a, b, c, d, e);
  bool is_behind = !raw_failed(result) || (is_told && !report_again());
  if (is_own && is_behind) __atomic_store_n(&settings.least, SIZE_MAX, __ATOMIC_RELAXED);
  return result;
}

bool is_on(void) { return __atomic_load_n(&settings.least, __ATOMIC_RELAXED) != SIZE_MAX; }

static const char own_filter[] = "the program has installed a seccomp filter";
static const char unknown_filter[] = "whether it has a seccomp filter is not known";

/* A filter that came in another way than through the C library. */
const char *why_filtered(void) {
  long filters = status_number("Seccomp_filters:");
  if (filters >= 0 && settings.filters >= 0) return filters > settings.filters ? own_filter : NULL;
  // before Linux 5.10 their number is not told: then any may be the program's own
  long mode = status_number("Seccomp:");
  if (mode >= 0) return mode > 0 ? own_filter : NULL;
  // a kernel without seccomp(2) has no such line among the others
  return status_number("Threads:") < 0 ? unknown_filter : NULL;
}

void note_future_locks(int flags) {
  if (is_on() && is_own_process()) own->future_locks = flags;
}

int future_locks(void) { return own->future_locks && is_own_process() ? own->future_locks : 0; }
