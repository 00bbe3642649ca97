/* mmap, mlock, mlockall, madvise: as system calls, raw. */
#define _GNU_SOURCE
#include "numbers.h"
#include "run.h"
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* An mmap(2) as it was asked for. */
struct wanted {
  uintptr_t address;
  size_t length;
  int protection, flags, file;
  long offset;
};

static long map(const struct wanted *wanted, int protection, int flags) {
  return raw(SYS_mmap, wanted->address, wanted->length, protection, flags, wanted->file, wanted->offset);
}

static bool is_private(int flags) { return (flags & MAP_TYPE) == MAP_PRIVATE; }

/* By writing where that makes private pages, as the kernel does it. */
static bool is_by_writing(const struct wanted *wanted) {
  return wanted->protection & PROT_WRITE && is_private(wanted->flags);
}

/* How much of the mapping has a file behind it, in whole pages; why it is not looked at. */
static const char *why_unbacked(const struct wanted *wanted, size_t *length) {
  struct stat status;
  *length = wanted->length;
  if (wanted->flags & MAP_ANONYMOUS) return NULL;
  if (fstat(wanted->file, &status)) return "its descriptor is of no file";
  if (!S_ISREG(status.st_mode)) return "its file is not a regular one";
  size_t left = status.st_size > wanted->offset ? (size_t)(status.st_size - wanted->offset) : 0;
  if (left < *length) *length = rounded_up(left, base_page());
  return *length < settings.least ? "its file is shorter" : NULL;
}

/* Pages of a pool are promised to a mapping, so that making it fails where there are too few, unless it wants none. */
static const char *no_room_for(const struct wanted *wanted) {
  bool is_promised = !(wanted->flags & MAP_NORESERVE);
  if (!(wanted->flags & MAP_ANONYMOUS)) return no_room_in_file(wanted->file, wanted->length, is_promised);
  if (!(wanted->flags & MAP_HUGETLB) || is_promised) return NULL;
  int shift = wanted->flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;
  long usual = number_in("/proc/meminfo", "Hugepagesize:");
  return no_room_in_pool(shift ? (size_t)1 << shift : (size_t)usual << 10, wanted->length, false);
}

/*
 * What is private, and nobody else's yet, is emptied after a failure and populated as the kernel does it: from its
 * start to the first page that cannot be had.
 */
static void populate_again(const struct wanted *wanted, uintptr_t start, int advice) {
  if (is_private(wanted->flags) && !(wanted->flags & MAP_FIXED))
    raw(SYS_madvise, start, wanted->length, MADV_DONTNEED);
  advise_pages(start, start + rounded_up(wanted->length, base_page()), advice);
}

static long map_populated(struct call *call, const struct wanted *wanted) {
  size_t length;
  call->why = why_unbacked(wanted, &length);
  if (!call->why) call->why = no_room_for(wanted);
  if (call->why) return map(wanted, wanted->protection, wanted->flags);
  long result = map(wanted, wanted->protection, wanted->flags & ~MAP_POPULATE);
  if (raw_failed(result)) return result;
  uintptr_t start = (uintptr_t)result;
  bool writing = is_by_writing(wanted);
  if (make_pages(call, start, rounded_up(start + length, base_page()), writing)) {
    call->why = "some of it cannot be populated";
    populate_again(wanted, start, writing ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
  }
  return result;
}

/*
 * Of a mapping that is locked from its beginning the kernel makes the pages within mmap(2), but for one that may not
 * be accessed. So it is made as such, then told to lock what comes, and then given its protection: the limit for locked
 * memory and the promise of memory are asked for as they would have been.
 */
static long map_locked(struct call *call, const struct wanted *wanted) {
  long result = map(wanted, PROT_NONE, wanted->flags & ~MAP_POPULATE);
  if (raw_failed(result)) return result;
  uintptr_t start = (uintptr_t)result;
  long failed = raw(SYS_mlock2, start, wanted->length, MLOCK_ONFAULT);
  if (!failed) failed = raw(SYS_mprotect, start, wanted->length, wanted->protection);
  if (failed) {
    raw(SYS_munmap, start, wanted->length);
    call->why = "it cannot be locked in two steps";
    return map(wanted, wanted->protection, wanted->flags);
  }
  make_pages(call, start, rounded_up(start + wanted->length, base_page()), true);
  // what it cannot lock it has populated as far as that goes: mmap(2) does not fail for that
  raw(SYS_mlock, start, wanted->length);
  return result;
}

/* What is locked in two steps may be nobody's before, and must have all its pages at once. */
static bool can_be_locked_later(const struct wanted *wanted) {
  return (wanted->flags & (MAP_TYPE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED | MAP_GROWSDOWN)) ==
             (MAP_PRIVATE | MAP_ANONYMOUS) &&
         (wanted->protection & (PROT_READ | PROT_WRITE)) == (PROT_READ | PROT_WRITE);
}

static bool can_be_populated(const struct wanted *wanted) {
  int type = wanted->flags & MAP_TYPE;
  return (type == MAP_PRIVATE || type == MAP_SHARED || type == MAP_SHARED_VALIDATE) &&
         wanted->protection & PROT_READ && !(wanted->flags & MAP_GROWSDOWN);
}

long map_memory(uintptr_t address, size_t length, int protection, int flags, int file, long offset, const void *caller) {
  struct wanted wanted = {address, length, protection, flags, file, offset};
  struct call call;
  if (length < settings.least) return map(&wanted, protection, flags);
  // a mapping that is locked on fault is populated by nothing
  if (future_locks() & MCL_ONFAULT) return map(&wanted, protection, flags);
  bool locks = flags & MAP_LOCKED || future_locks();
  bool populates = (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
  if (locks ? !can_be_locked_later(&wanted) : !populates || !can_be_populated(&wanted))
    return map(&wanted, protection, flags);
  if (!begin_call(&call, "mmap", length, caller)) return map(&wanted, protection, flags);
  return end_call(&call, locks ? map_locked(&call, &wanted) : map_populated(&call, &wanted));
}

/* Pages of pools are made by mlock2(2), too: before it, where the limit lets it come to that. */
static void make_pooled(struct call *call, uintptr_t start, uintptr_t end) {
  if (limit_allows_locking(end - start)) make_mapped(call, start, end, POOLED_ONLY);
}

/*
 * What is locked as it comes is refused as mlock(2) refuses, before anything is touched. Then the pages come, and
 * are locked by the threads that make them; mlock(2) itself finds them, and makes the mapping one that is locked whole.
 */
long lock_memory(uintptr_t address, size_t length) {
  struct call call;
  if (length < settings.least || !begin_call(&call, "mlock", length, NULL)) return raw(SYS_mlock, address, length);
  uintptr_t start = rounded_down(address, base_page()), end = rounded_up(address + length, base_page());
  make_pooled(&call, start, end);
  if (!call.why && !raw(SYS_mlock2, start, end - start, MLOCK_ONFAULT)) make_mapped(&call, start, end, FOR_LOCKING);
  return end_call(&call, raw(SYS_mlock, address, length));
}

static bool has_room_to_lock_all(struct call *call, size_t size) {
  if (limit_allows(size + locked_by_helpers())) return true;
  *call = (struct call){.name = "mlockall", .length = size, .why = beyond_limit};
  if (is_own_process()) note_call(call, -1);
  return false;
}

/* What others map until the real call is locked by that. */
static void make_all(struct call *call) {
  if (limit_allows_locking(call->length)) make_mapped(call, 0, UINTPTR_MAX, PASSING_OVER | POOLED_ONLY);
  if (!raw(SYS_mlockall, MCL_CURRENT | MCL_ONFAULT)) make_mapped(call, 0, UINTPTR_MAX, PASSING_OVER);
}

long lock_all(int flags) {
  struct call call;
  bool populates = is_on() && (flags & (MCL_CURRENT | MCL_ONFAULT)) == MCL_CURRENT;
  long kibibytes = populates ? status_number("VmSize:") : 0, result;
  size_t size = kibibytes > 0 ? (size_t)kibibytes << 10 : 0;
  if (size < settings.least || !has_room_to_lock_all(&call, size) || !begin_call(&call, "mlockall", size, NULL)) {
    result = raw(SYS_mlockall, flags);
  } else {
    make_all(&call);
    result = end_call(&call, raw(SYS_mlockall, flags));
  }
  if (!result) note_future_locks(flags & MCL_FUTURE ? flags & (MCL_FUTURE | MCL_ONFAULT) : 0);
  return result;
}

long unlock_all(void) {
  note_future_locks(0);
  return raw(SYS_munlockall);
}

static bool is_populating(int advice) { return advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE; }

/* Whether all of it was made: then there is nothing left for the kernel to do. */
static bool make_advised(struct call *call, uintptr_t start, size_t length, int advice) {
  bool writing = advice == MADV_POPULATE_WRITE;
  uintptr_t end = rounded_up(start + length, base_page());
  if (start % base_page() || end < start || !can_populate(call, start, end, writing)) return false;
  if (!make_pages(call, start, end, writing)) return true;
  call->why = "some of it cannot be populated";
  return false;
}

long advise_memory(uintptr_t address, size_t length, int advice, const void *caller) {
  struct call call;
  if (length < settings.least || !is_populating(advice) || !begin_call(&call, "madvise", length, caller))
    return raw(SYS_madvise, address, length, advice);
  bool done = make_advised(&call, address, length, advice);
  return end_call(&call, done ? 0 : raw(SYS_madvise, address, length, advice));
}

#ifndef PIDFD_SELF_THREAD_GROUP
#define PIDFD_SELF_THREAD_GROUP -10001
#define PIDFD_SELF_THREAD -10000
#endif

/* Whether a descriptor stands for this process, and the kernel lets it advise itself so: of nothing, to begin with. */
static bool is_for_itself(int process, int advice, unsigned flags) {
  struct iovec nothing = {0};
  if (process != PIDFD_SELF_THREAD && process != PIDFD_SELF_THREAD_GROUP && !names_itself(process)) return false;
  return raw(SYS_process_madvise, process, &nothing, 1, advice, flags) == 0;
}

/* What an iovec says, read as the kernel reads it: what is no memory is an error, not a fault. */
static bool range_at(const struct iovec *vector, size_t index, struct iovec *range) {
  return peek(range, vector + index, sizeof *range);
}

long advise_process(int process, const void *vector, size_t count, int advice, unsigned flags, const void *caller) {
  struct iovec range;
  struct call call;
  size_t length = 0;
  if (is_on() && is_populating(advice) && count <= IOV_MAX && is_for_itself(process, advice, flags))
    for (size_t i = 0; i < count && range_at(vector, i, &range); i++) length += range.iov_len;
  if (length < settings.least || !begin_call(&call, "process_madvise", length, caller))
    return raw(SYS_process_madvise, process, vector, count, advice, flags);
  for (size_t i = 0; i < count && !call.why && range_at(vector, i, &range); i++)
    if (range.iov_len >= settings.least) make_advised(&call, (uintptr_t)range.iov_base, range.iov_len, advice);
  return end_call(&call, raw(SYS_process_madvise, process, vector, count, advice, flags));
}
