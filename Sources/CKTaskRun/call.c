#define _GNU_SOURCE
#include "numbers.h"
#include "run.h"
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* What a call takes of its thread's stack, and as much again: a whole one may be 16 KiB (PTHREAD_STACK_MIN). */
enum { STACK = 24 << 10 };

/* Of the pages that one thread makes while others wait for the lock of the address space: some milliseconds. */
enum { PART = 32 << 20 };

/* The thread is within a large call: what libktask calls meanwhile is not made parallel again. */
static _Thread_local bool is_busy __attribute__((tls_model("initial-exec")));

uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

size_t base_page(void) {
  static size_t size;
  if (!size) size = (size_t)sysconf(_SC_PAGESIZE);
  return size;
}

/* A place in the stack that the program began on, which grows. Its first thread may be on another one: a coroutine's, say. */
static uintptr_t first_stack;

void remember_stack(void) { first_stack = (uintptr_t)__builtin_frame_address(0); }

static bool has_stack(void) {
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  // no other is as near
  if (first_stack - here < 1 << 20) return true;
  uintptr_t start = mapping_start(here);
  return here - start >= STACK || (first_stack > here && mapping_start(first_stack) == start);
}

/*
 * Of a program that makes several large calls at once each is on a CPU already: a call has helpers for those that are left.
 * Where none is, its own thread makes the pages, but part by part: the kernel would hold the lock of the address space
 * until the end of the call, and whoever starts a helper for another call needs that lock for its stack.
 */
static const char *share(struct call *call, size_t others) {
  struct engine_plan plan = engine_plan(call->length);
  if (!plan.threads || !others || settings.threads) return plan.threads > 1 ? NULL : plan.bound;
  if (plan.threads == 1 && !plan.others_have_helpers) return plan.bound;
  call->most_threads = plan.threads > others ? plan.threads - others : 1;
  return NULL;
}

/* Where malloc(3) has nothing at all the engine would end the program. What a call allocates is far less than this. */
static bool has_heap(void) {
  // not a pair that the compiler may take for nothing
  void *volatile room = malloc(64 << 10);
  free(room);
  return room;
}

static const char *reason_to_stay_out(struct call *call, size_t others, const void *caller) {
  const char *filtered = why_filtered();
  if (filtered) return filtered;
  if (caller && is_of_allocator((uintptr_t)caller)) return "the call comes from the program's own allocator";
  if (!has_stack()) return "its thread has little stack left";
  if (!has_heap()) return "there is no memory for what it takes to have helpers";
  if (future_locks() && !limit_allows_locking(call->length + locked_by_helpers())) return beyond_limit;
  const char *why = engine_open();
  return why ? why : share(call, others);
}

bool begin_call(struct call *call, const char *name, size_t length, const void *caller) {
  if (is_busy || !is_on() || !is_own_process()) return false;
  *call = (struct call){.name = name, .length = length, .error = errno, .began = now()};
  hold_interruptions(&call->held);
  is_busy = true;
  call->why = reason_to_stay_out(call, __atomic_fetch_add(&own->calls, 1, __ATOMIC_RELAXED), caller);
  if (!call->why) return true;
  // the kernel's call comes after this, and is not timed
  call->began = 0;
  end_call(call, 0);
  return false;
}

static const char *why_nothing(const struct call *call, long result) {
  if (raw_failed(result)) return "it was refused";
  if (call->most_threads == 1) return "no helper: other large calls of the program have the CPUs";
  return "none of its mappings is as large as --least";
}

long end_call(struct call *call, long result) {
  __atomic_fetch_sub(&own->calls, 1, __ATOMIC_RELAXED);
  // of what was made in part the reason is known by now
  if (!call->why && !call->done) call->why = why_nothing(call, result);
  note_call(call, call->began ? (double)(now() - call->began) / 1e9 : -1);
  is_busy = false;
  let_interruptions(&call->held);
  errno = call->error;
  return result;
}

int advise_pages(uintptr_t start, uintptr_t end, int advice) {
  long result;
  do result = raw(SYS_madvise, start, end - start, advice);
  while (result == -EINTR);
  return (int)-result;
}

static int advise_by_parts(uintptr_t start, uintptr_t end, int advice) {
  int error = 0;
  for (uintptr_t at = start, part; at < end && !error; at = part) {
    part = end - at > PART ? at + PART : end;
    error = advise_pages(at, part, advice);
  }
  return error;
}

int make_pages(struct call *call, uintptr_t start, uintptr_t end, bool writing) {
  size_t threads = 0;
  if (settings.huge) raw(SYS_madvise, start, end - start, MADV_HUGEPAGE);
  int advice = writing ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
  if (call->most_threads == 1) return advise_by_parts(start, end, advice);
  int error = engine_run(advise_pages, start, end, advice, call->most_threads, &threads);
  if (threads > call->threads) call->threads = threads;
  if (!error) call->done += end - start;
  return error;
}
