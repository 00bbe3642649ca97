#define _GNU_SOURCE
#include "run.h"
#include <dlfcn.h>
#include <ktask.h>
#include <ktask_internal.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static __typeof__(ktask_run) *run;
static __typeof__(ktask_plan) *plan;
static char failure[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char name[] = "libktask.so.1";

/* Beside this library, else where the loader looks. */
static void *open_library(void) {
  // once, by one thread: not on its stack, which may be small
  static char path[WORDS];
  Dl_info self;
  const char *slash = dladdr(&once, &self) && self.dli_fname ? strrchr(self.dli_fname, '/') : NULL;
  if (slash) {
    int length = (int)(slash - self.dli_fname);
    if ((size_t)snprintf(path, sizeof path, "%.*s/%s", length, self.dli_fname, name) < sizeof path) {
      void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
      if (library) return library;
    }
  }
  return dlopen(name, RTLD_NOW | RTLD_LOCAL);
}

static void open_once(void) {
  void *library = open_library();
  if (library) {
    run = (__typeof__(run))dlsym(library, "ktask_run");
    plan = (__typeof__(plan))dlsym(library, "ktask_plan");
  }
  if (run && plan) return;
  const char *error = dlerror();
  snprintf(failure, sizeof failure, "%s cannot be opened: %s", name, error ? error : "it is another one");
}

const char *engine_open(void) {
  pthread_once(&once, open_once);
  return run && plan ? NULL : failure;
}

/*
 * 128 MiB make a thread worth its while, as elsewhere in ktask; of less than two such pieces each of two threads gets
 * half, since whoever asks for a call to be made parallel has it so.
 */
static size_t least_chunk(size_t length) {
  const size_t usual = 128 << 20;
  return length / 2 < usual ? rounded_down(length / 2, base_page()) : usual;
}

static unsigned flags(void) {
  return KTASK_NICE | (settings.lends ? 0 : KTASK_NO_LEND) | (settings.ignores_power ? KTASK_IGNORE_POWER : 0);
}

static const char *name_of(enum ktask_bound bound) {
  switch (bound) {
  case KTASK_BOUND_CPUS: return "no helper: the thread may use one CPU only";
  case KTASK_BOUND_CPUSET: return "no helper: its cpuset has one CPU";
  case KTASK_BOUND_CORES: return "no helper: there is one physical core";
  case KTASK_BOUND_QUOTA: return "no helper: its control group has the time of one CPU";
  case KTASK_BOUND_POWER: return "no helper: a CPU is set to save energy";
  case KTASK_BOUND_MAX_THREADS: return "no helper: --max-helpers";
  case KTASK_BOUND_HELPERS: return "no helper: others have all that may run at once";
  case KTASK_BOUND_REQUESTED: return "no helper: --threads 1";
  case KTASK_BOUND_THREAD_CREATION: return "no helper: no thread can be started";
  default: return "no helper is to be had";
  }
}

struct engine_plan engine_plan(size_t length) {
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  options.ko_flags = flags();
  options.ko_nice = settings.nice;
  options.ko_threads = settings.threads;
  options.ko_max_threads = settings.max_threads;
  options.ko_min_chunk = least_chunk(length);
  int refused = plan(length, &options, &result);
  return (struct engine_plan){.threads = refused ? 0 : result.kr_threads,
                              .bound = name_of(result.kr_bound),
                              .others_have_helpers = result.kr_bound == KTASK_BOUND_HELPERS};
}

/* What chunks need to know. */
struct work {
  chunk_func run;
  uintptr_t start, end;
  int advice;
};

/* The first chunk begins at a multiple of the alignment, which may be before what is to be done. */
static int run_chunk(void *start, void *end, void *argument) {
  const struct work *work = argument;
  uintptr_t from = (uintptr_t)start < work->start ? work->start : (uintptr_t)start;
  uintptr_t to = (uintptr_t)end > work->end ? work->end : (uintptr_t)end;
  return from < to ? work->run(from, to, work->advice) : 0;
}

/* No page is two threads', as far as the kernel tells of what pages a mapping is: one would only wait for the other. */
static size_t alignment_at(uintptr_t start) {
  struct lines maps;
  if (!maps_open(&maps)) return HUGE_ALIGNMENT;
  size_t page_size = maps_page_size(maps.file, start);
  maps_close(&maps);
  return page_size > HUGE_ALIGNMENT ? page_size : HUGE_ALIGNMENT;
}

int engine_run(chunk_func chunk, uintptr_t start, uintptr_t end, int advice, size_t most, size_t *threads) {
  struct work work = {chunk, start, end, advice};
  size_t alignment = alignment_at(start);
  uintptr_t aligned = rounded_down(start, alignment);
  size_t length = end - aligned;
  struct ktask_outcome outcome = KTASK_OUTCOME_INITIALIZER;
  DEFINE_KTASK_CTL(control, run_chunk, &work, least_chunk(length));
  control.kc_alignment = alignment;
  control.kc_threads = settings.threads;
  control.kc_max_threads = most && (!settings.max_threads || most < settings.max_threads) ? most : settings.max_threads;
  control.kc_flags = flags() | KTASK_SMALL_STACKS;
  control.kc_nice = settings.nice;
  control.kc_outcome = &outcome;
  int result = run((void *)aligned, length, &control);
  *threads = outcome.ko_threads;
  return result == -1 ? errno : result;
}
