// Calls that make, clear, inspect and give back memory. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "clinux_attributes.h"

// MARK: advice and residency of a mapping (addresses as integers: positions, not owners)

/// madvise(2) with MADV_POPULATE_WRITE or MADV_POPULATE_READ (Linux 5.14). EFAULT: no memory behind a page.
CLINUX_NOLOCKS int clinux_populate(uintptr_t address, size_t length, bool writing);
/// madvise(2) with MADV_DONTNEED: a private mapping's pages are given back.
CLINUX_NOLOCKS int clinux_give_back(uintptr_t address, size_t length);
/// madvise(2) with MADV_REMOVE: a shared mapping's pages leave its file, which keeps its size. EOPNOTSUPP: not on that file system.
CLINUX_NOLOCKS int clinux_remove(uintptr_t address, size_t length);
/// madvise(2) with MADV_HUGEPAGE or MADV_NOHUGEPAGE.
int clinux_advise_huge(uintptr_t address, size_t length, bool huge);
/// mlock2(2) with MLOCK_ONFAULT: flags only, populates nothing.
int clinux_lock_on_fault(uintptr_t address, size_t length);
/// mlock(2): makes every page and locks it.
CLINUX_NOLOCKS int clinux_lock(uintptr_t address, size_t length);
CLINUX_NOLOCKS int clinux_unlock(uintptr_t address, size_t length);
/// madvise(2) with MADV_RANDOM: looking at a page of a file on disk reads no other.
int clinux_advise_random(uintptr_t address, size_t length);
/// ENOMEM: something in the range is not mapped (msync(2)). However long it is, it takes no longer than its mappings are many.
CLINUX_NOLOCKS int clinux_demand_mapped(uintptr_t address, size_t length);
/// mincore(2) in bounded steps; sets a bit in `words`, from bit number `first` on, for each base page that is in memory. *count:
/// how many.
CLINUX_NOLOCKS int clinux_mark_resident(
  uintptr_t address, size_t length, uint64_t *_Nonnull words, size_t first, size_t *_Nonnull count);

/// Bytes of a range of whole pages that are in memory (mincore(2)); on hugetlbfs those that this process has mapped.
CLINUX_NOLOCKS int clinux_resident_bytes(uintptr_t address, size_t length, size_t *_Nonnull bytes);

// MARK: touching memory; SIGBUS on the way comes back as EFAULT, or EHWPOISON for a poisoned page

/// Installs the SIGBUS handler that the calls below rely on. Once a process; a SIGBUS elsewhere still kills.
int clinux_catch_sigbus(void);
/// Reads and, when `writing`, writes back one byte every `stride` bytes, changing no content (atomically: others may write).
CLINUX_NOLOCKS int clinux_touch(uintptr_t address, size_t length, size_t stride, bool writing);

/// The ways to store zeros; the numbers are part of the interface to Swift.
enum clinux_store { CLINUX_STORE_MEMSET, CLINUX_STORE_REP_STOSB, CLINUX_STORE_NONTEMPORAL };
/// Whether this CPU has the store.
bool clinux_store_available(enum clinux_store store);
/// Zeroes the range with the store.
CLINUX_NOLOCKS int clinux_clear(uintptr_t address, size_t length, enum clinux_store store);
/// Bytes of the widest vectors that this CPU has and the kernel saves: 16, 32 or 64.
CLINUX_NOLOCKS int clinux_widest_vector(void);
/// Looks for a byte that is not zero, by vectors of so many bytes, 0: the widest. *at: its offset, or `length` when all are zero.
CLINUX_NOLOCKS int clinux_find_nonzero(uintptr_t address, size_t length, int vector, size_t *_Nonnull at);

// MARK: which pages of a shared file are there (userfaultfd(2), minor mode: maps what is there, allocates nothing)

/// Registers the shared mapping. *uffd: a descriptor to close.
int clinux_probe_open(uintptr_t address, size_t length, bool huge, int *_Nonnull uffd);
/// Maps what is there from `address` on. *present: bytes found there before the first page that is missing.
CLINUX_NOLOCKS int clinux_probe(int uffd, uintptr_t address, size_t length, size_t *_Nonnull present);
/// Where userfaultfd(2) is forbidden: whether a page of a hugetlbfs file is there, by reading it through a private mapping and
/// asking for its kind (/proc/self/pagemap, descriptor `pagemap`). For a moment a page of the pool stands in for one that is
/// missing, if there is one that nobody was promised. EIO: the kernel does not tell.
CLINUX_NOLOCKS int clinux_try_huge_page(int fd, int pagemap, off_t offset, size_t page_size, bool *_Nonnull is_there);
/// Registers a mapping so that no access makes a page that is missing (missing mode): the kernel's own end with EFAULT,
/// the program's with SIGBUS. *uffd: a descriptor to close.
int clinux_guard_open(uintptr_t address, size_t length, int *_Nonnull uffd);
