// Counts what the process allocates, retains and releases, so that a test can show that something does none of it.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// What happened since `counting_start`, on all threads.
struct counting_totals {
  /// malloc and its kin, freeing not counted.
  int64_t allocations;
  int64_t frees;
  /// Calls of swift_allocObject, whether they found memory by malloc or not.
  int64_t objects;
  int64_t retains;
  int64_t releases;
};

/// Whether this build can count: not where a sanitizer has the allocator for itself, nor without the Swift
/// runtime's hooks.
bool counting_is_possible(void);
void counting_start(void);
struct counting_totals counting_totals(void);
