// Counts what the process allocates, retains and releases, so that a test can show that something does none of it.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// What happened on all threads from `counting_start` to `counting_stop`.
struct counting_totals {
  /// malloc and its kin.
  int64_t allocations;
  int64_t frees;
  /// Calls of swift_allocObject.
  int64_t objects;
  int64_t retains;
  int64_t releases;
};

/// Whether this build can count: not where a sanitizer has the allocator for itself, nor without the Swift
/// runtime's hooks.
bool counting_is_possible(void);
/// To be used in a process of its own, and around code without short strings: the runtime of Swift 6.3 retains
/// those through its hooks as though their bytes were an address.
void counting_start(void);
struct counting_totals counting_stop(void);

/// What a thread has: its memory policy and of its nodes the first 64, its I/O priority and its scheduling policy.
struct policies {
  int memory;
  uint64_t nodes;
  int io;
  int class;
};
/// Gives them to the calling thread (set_mempolicy(2), ioprio_set(2), sched_setscheduler(2)); false where the kernel refuses.
bool policies_set(struct policies wanted);
/// The calling thread's; -1 for what the kernel does not tell.
struct policies policies_get(void);
