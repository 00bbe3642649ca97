// Threads and the futex they wait on. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "clinux_attributes.h"

/// Starts a detached thread named `name` with every signal blocked but those that a fault raises:
/// signals for the process go to the threads its owner chose.
int clinux_start_thread(const char *_Nonnull name, void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);
/// Not an errno: bytes of address space that such a thread takes for its stack.
size_t clinux_thread_stack(void);

/// A thread that costs its process little, named "ktask helper": it has a small stack, and nothing is allocated in it, so that
/// the C library makes no heap of its own for it. Lies where it does until the thread is joined.
struct clinux_helper {
  /// From the start; of the scheduling policies one that clinux_scheduling_class tells.
  int nice, class;
  /// In bytes; where the C library has no thread with so little, the usual size.
  size_t stack;
  void (*_Nullable body)(void *_Nonnull);
  void *_Nullable context;
  /// Which thread it is to the C library.
  uintptr_t thread;
};
/// Starts it, its signals blocked as above (pthread_create(3)). EAGAIN: there are too many threads.
int clinux_helper_start(struct clinux_helper *_Nonnull helper);
/// The calling helper is about to end, and nobody joins it.
void clinux_helper_leave(void);
/// No errno: whether the process has no thread of that gettid(2) (any more).
bool clinux_thread_is_gone(int number);
/// Waits until the thread has ended, and the kernel counts it no more: then unshare(2) works again. `number`: its gettid(2).
void clinux_helper_join(const struct clinux_helper *_Nonnull helper, int number);
/// No errno: the calling thread's scheduling policy, where that is SCHED_OTHER, SCHED_BATCH or SCHED_IDLE; else the first
/// (sched_getscheduler(2)).
int clinux_scheduling_class(void);
/// Gives it to the calling thread, and to those that it starts (sched_setscheduler(2)).
int clinux_set_scheduling_class(int class);

/// Where a thread's memory comes from, and with which priority it reads and writes; -1: not told.
struct clinux_manner {
  /// get_mempolicy(2): the policy with its flags, and its nodes, one bit each.
  int memory;
  uint64_t nodes[1024 / 64];
  /// ioprio_get(2).
  int io;
};
/// The calling thread's.
void clinux_manner_get(struct clinux_manner *_Nonnull manner);
/// Gives the calling thread, which has `own`, what it lacks of `wanted`, and notes that there (set_mempolicy(2), ioprio_set(2)).
/// What is not told, or not allowed, stays as it is. No system call where both are alike.
void clinux_manner_take(const struct clinux_manner *_Nonnull wanted, struct clinux_manner *_Nonnull own);

/// futex(2): sleeps while *word is `expected`; at most `nanoseconds` (negative: for ever). Wakes spuriously.
CLINUX_NOLOCKS int clinux_futex_wait(const uint32_t *_Nonnull word, uint32_t expected, int64_t nanoseconds);
/// futex(2): wakes up to `count` sleepers.
CLINUX_NOLOCKS void clinux_futex_wake(const uint32_t *_Nonnull word, int count);
/// A thread's nice value, 0 being the calling one (getpriority(2), PRIO_PROCESS, which is a thread's in Linux).
int clinux_nice_get(int thread, int *_Nonnull nice);
/// setpriority(2), PRIO_PROCESS. EACCES: not allowed to lower it that far.
CLINUX_NOLOCKS int clinux_nice_set(int thread, int nice);
/// gettid(2).
CLINUX_NOLOCKS int clinux_thread_id(void);
/// No errno: a number that tells a forked child from its parent, and from every other process that has begun with a copy of the
/// same memory. Never 0, below 2^31; costs two loads.
CLINUX_NOLOCKS uint32_t clinux_generation(void);
/// A forked child closes the file that is open at this number, as long as it is: locks of an open file (F_OFD_SETLK) would be
/// held by every child that has a copy of the descriptor, also when this process is gone. Its slot; -1: there are a few such files already.
int clinux_close_in_children(int number);
/// When it is closed here, or is about to be. In the process that was given the slot.
void clinux_keep_in_children(int slot);
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
