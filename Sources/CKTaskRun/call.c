#define _GNU_SOURCE
#include "run.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

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

/*
 * Whether the call comes out of the object that has the program's malloc: it may hold locks that the engine, which
 * allocates, would wait for. The C library's own calls of itself never come here.
 */
static bool is_of_allocator(const void *caller) {
  Dl_info here, allocator;
  return caller && dladdr(caller, &here) && dladdr((void *)malloc, &allocator) &&
         here.dli_fbase == allocator.dli_fbase;
}

static const char *reason_to_stay_out(const struct call *call, const void *caller) {
  if (has_own_filter()) return "the program has installed a seccomp filter";
  if (is_of_allocator(caller)) return "the call comes from the program's own allocator";
  const char *why = engine_open();
  if (why) return why;
  return engine_threads(call->length, &why) > 1 ? NULL : why;
}

bool begin_call(struct call *call, const char *name, size_t length, const void *caller) {
  if (is_busy || !is_own_process()) return false;
  *call = (struct call){.name = name, .length = length, .error = errno, .began = now()};
  is_busy = true;
  call->why = reason_to_stay_out(call, caller);
  if (!call->why) return true;
  end_call(call, 0);
  return false;
}

long end_call(struct call *call, long result) {
  // of what was made in part the reason is known by now
  if (!call->why && !call->done)
    call->why = raw_failed(result) ? "it was refused" : "none of its mappings is as large as --least";
  note_call(call, (double)(now() - call->began) / 1e9);
  errno = call->error;
  is_busy = false;
  return result;
}

int advise_pages(uintptr_t start, uintptr_t end, int advice) {
  long result;
  do result = raw(SYS_madvise, start, end - start, advice);
  while (result == -EINTR);
  return (int)-result;
}

int make_pages(struct call *call, uintptr_t start, uintptr_t end, bool writing) {
  size_t threads = 0;
  if (settings.huge) raw(SYS_madvise, start, end - start, MADV_HUGEPAGE);
  int advice = writing ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
  int error = engine_run(advise_pages, start, end, advice, &threads);
  if (threads > call->threads) call->threads = threads;
  if (!error) call->done += end - start;
  return error;
}
