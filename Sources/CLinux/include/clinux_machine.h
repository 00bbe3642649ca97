// Calls that ask what the machine and the process are.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <sys/resource.h>
#include "clinux_attributes.h"

/// The errno's symbolic name, or NULL (strerrorname_np(3)).
const char *_Nullable clinux_errno_name(int code);

/// The CPUs that the calling thread may use, one bit each, into `words` words: EINVAL if that is too few
/// (sched_getaffinity(2)).
int clinux_affinity_get(uint64_t *_Nonnull mask, size_t words);

/// Moves a thread, 0 being the calling one, to the CPUs of `mask` (sched_setaffinity(2)).
int clinux_affinity_set(int thread, const uint64_t *_Nullable mask, size_t words);

/// Not an errno: the CPU that the calling thread runs on just now, 0 if the kernel does not tell
/// (sched_getcpu(3)).
int clinux_current_cpu(void) CLINUX_NOLOCKS;

/// Not an errno: nanoseconds of CLOCK_MONOTONIC (clock_gettime(2)).
uint64_t clinux_monotonic_ns(void) CLINUX_NOLOCKS;
/// Nanoseconds that the calling thread has had of a CPU (CLOCK_THREAD_CPUTIME_ID).
uint64_t clinux_thread_ns(void) CLINUX_NOLOCKS;

/// The limits that clinux_resource_limit is asked for.
static const int CLINUX_RLIMIT_MEMLOCK = RLIMIT_MEMLOCK;
static const int CLINUX_RLIMIT_FSIZE = RLIMIT_FSIZE;
static const int CLINUX_RLIMIT_AS = RLIMIT_AS;
static const int CLINUX_RLIMIT_DATA = RLIMIT_DATA;
static const int CLINUX_RLIMIT_STACK = RLIMIT_STACK;
static const int CLINUX_RLIMIT_NPROC = RLIMIT_NPROC;
static const int CLINUX_RLIMIT_NICE = RLIMIT_NICE;
static const int CLINUX_RLIMIT_NOFILE = RLIMIT_NOFILE;

/// One of the process's limits; UINT64_MAX stands for none (getrlimit(2)).
int clinux_resource_limit(int resource, uint64_t *_Nonnull soft, uint64_t *_Nonnull hard);

/// The calling thread's effective capabilities, one bit each (capget(2)).
int clinux_effective_capabilities(uint64_t *_Nonnull bits);

/// Microseconds of CPU time that the process has used so far (getrusage(2), RUSAGE_SELF).
int clinux_cpu_time(uint64_t *_Nonnull user, uint64_t *_Nonnull system);

/// Locks all of a file for this open file description, which must be open for writing: nobody who may only read it can
/// do that (fcntl(2), F_OFD_SETLK). EAGAIN or EACCES: another one has it.
int clinux_claim(int fd);
/// Whether what keeps clinux_claim from it is a lock for reading, which whoever may read the file can take (F_OFD_GETLK).
int clinux_claimed_by_reader(int fd, bool *_Nonnull by_reader);

/// Takes one byte of a file for this open file description: nobody else then gets it, and it is free the moment the
/// description is gone (fcntl(2), F_OFD_SETLK). A read lock, which only needs the file to be readable, and after it a
/// look whether anybody else has one as well: EAGAIN if so, and the lock is given up.
int clinux_byte_take(int fd, int64_t byte) CLINUX_NOLOCKS;
/// Gives it back.
int clinux_byte_release(int fd, int64_t byte) CLINUX_NOLOCKS;
/// Narrows a range of bytes, which is not empty, to some run of it that another open file description has; to nothing
/// when none has any (fcntl(2), F_OFD_GETLK).
int clinux_bytes_taken(int fd, int64_t *_Nonnull first, int64_t *_Nonnull end) CLINUX_NOLOCKS;

/// Whether this process gets transparent huge pages: as the machine's settings say, only where it asks for them
/// (Linux 6.18), or never.
enum clinux_thp { CLINUX_THP_ON, CLINUX_THP_ADVISED, CLINUX_THP_OFF };
/// prctl(2), PR_GET_THP_DISABLE.
int clinux_thp_setting(enum clinux_thp *_Nonnull setting);
/// prctl(2), PR_SET_THP_DISABLE with 0.
int clinux_thp_allow(void);

/// Keeps so many bytes of heap for the process, for good: what it allocates within them cannot fail. All threads share the
/// one heap, no allocation maps memory of its own, and nothing goes back to the kernel. ENOMEM: there are not so many.
int clinux_keep_heap(size_t bytes);
/// ENOMEM: malloc(3) has no room for so many bytes at present.
int clinux_demand_heap(size_t bytes);
/// Not an errno: which limit forbids the process so many bytes more of its own, RLIMIT_AS or RLIMIT_DATA; -1: none.
int clinux_limit_against(size_t bytes);
