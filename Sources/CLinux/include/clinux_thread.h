// Threads and the futex they wait on. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "clinux_attributes.h"

/// Starts a detached thread named `name` with every signal blocked but those that a fault raises:
/// signals for the process go to the threads its owner chose. `nice`: its nice value from the start, the scheduling
/// policy then being the usual one; CLINUX_NICE_INHERITED: both as its maker's.
static const int CLINUX_NICE_INHERITED = 1000;
int clinux_start_thread(const char *_Nonnull name, int nice, void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);
/// Not an errno: bytes of address space that such a thread takes for its stack.
size_t clinux_thread_stack(void);
/// futex(2): sleeps while *word is `expected`; at most `nanoseconds` (negative: for ever). Wakes spuriously.
CLINUX_NOLOCKS int clinux_futex_wait(const uint32_t *_Nonnull word, uint32_t expected, int64_t nanoseconds);
/// futex(2): wakes up to `count` sleepers.
CLINUX_NOLOCKS void clinux_futex_wake(const uint32_t *_Nonnull word, int count);
/// A thread's nice value, 0 being the calling one (getpriority(2), PRIO_PROCESS, which is a thread's in Linux).
int clinux_nice_get(int thread, int *_Nonnull nice);
/// setpriority(2), PRIO_PROCESS. EACCES: not allowed to lower it that far.
CLINUX_NOLOCKS int clinux_nice_set(int thread, int nice);
/// gettid(2).
int clinux_thread_id(void);
/// No errno: a number that tells a forked child from its parent, and from every other process that has begun with a copy of the
/// same memory. Never 0, below 2^31; costs two loads.
CLINUX_NOLOCKS uint32_t clinux_generation(void);
/// What a process has one of.
enum clinux_object { CLINUX_OBJECT_MACHINE, CLINUX_OBJECT_BUDGET, CLINUX_OBJECT_HELPERS, CLINUX_OBJECTS };
/// No errno: what is kept; NULL before anything is.
void *_Nullable clinux_object(enum clinux_object which);
/// No errno: keeps `object`, unless another was there first; which it is.
void *_Nonnull clinux_object_keep(enum clinux_object which, void *_Nonnull object);
/// sched_yield(2).
CLINUX_NOLOCKS void clinux_yield(void);
/// One turn of a spin loop (PAUSE, YIELD).
CLINUX_NOLOCKS void clinux_spin_pause(void);
