// The engine's side of struct ktask_watch, which other threads and signal handlers use at the same time. Not installed.
#pragma once
#include <stdbool.h>
#include "ktask.h"

static inline bool ktask_watch_is_cancelled(const struct ktask_watch *KTASK_NONNULL watch) {
  return __atomic_load_n(&watch->kw_cancelled, __ATOMIC_RELAXED) != 0;
}

static inline void ktask_watch_begin(struct ktask_watch *KTASK_NONNULL watch, size_t total) {
  __atomic_store_n(&watch->kw_done, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&watch->kw_total, total, __ATOMIC_RELAXED);
}

static inline void ktask_watch_add(struct ktask_watch *KTASK_NONNULL watch, size_t units) {
  __atomic_fetch_add(&watch->kw_done, units, __ATOMIC_RELAXED);
}

static inline void ktask_watch_set(struct ktask_watch *KTASK_NONNULL watch, size_t units) {
  // another thread may have counted more meanwhile
  size_t done = __atomic_load_n(&watch->kw_done, __ATOMIC_RELAXED);
  while (done < units && !__atomic_compare_exchange_n(
      &watch->kw_done, &done, units, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

// Whether the descriptor that cancels can be read.
bool ktask_watch_is_told(const struct ktask_watch *KTASK_NONNULL watch);
