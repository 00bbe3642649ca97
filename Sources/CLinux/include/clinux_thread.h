// Threads and the futex they wait on. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "clinux_attributes.h"

/// Starts a detached thread named `name` with every signal blocked but those that a fault raises:
/// signals for the process go to the threads its owner chose.
int clinux_start_thread(const char *_Nonnull name, void (*_Nonnull body)(void *_Nullable), void *_Nullable context);
/// futex(2): sleeps while *word is `expected`; at most `nanoseconds` (negative: for ever). Wakes spuriously.
CLINUX_NOLOCKS int clinux_futex_wait(const uint32_t *_Nonnull word, uint32_t expected, int64_t nanoseconds);
/// futex(2): wakes up to `count` sleepers.
CLINUX_NOLOCKS void clinux_futex_wake(const uint32_t *_Nonnull word, int count);
/// gettid(2).
int clinux_thread_id(void);
/// sched_yield(2).
CLINUX_NOLOCKS void clinux_yield(void);
/// One turn of a spin loop (PAUSE, YIELD).
CLINUX_NOLOCKS void clinux_spin_pause(void);
