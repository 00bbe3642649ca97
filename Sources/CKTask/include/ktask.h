/*
 * ktask: CPU-intensive work on large amounts of memory, done with many threads (Daniel Jordan's RFC v4 of 2018), in user
 * space. ktask(7) tells what it is, ktask_run(3) and ktask_populate(3) what each call does.
 *
 * Every call may be made from any thread, and from any number of threads at once; none is for signal handlers but
 * ktask_cancel(). A forked child may call all of them, whatever its parent's threads were doing. Nothing here prints,
 * installs a signal handler, changes the environment, or leaves a thread behind, unless it is told to let helpers linger.
 *
 * Structures begin with their size, as the caller's header has it, and only ever grow at their end: a member that a
 * caller does not know of, and every one that is 0, stands for what is usual, but for a watch's kw_cancel_fd: there 0 is
 * standard input, and KTASK_WATCH_INITIALIZER has -1.
 */
#ifndef KTASK_H
#define KTASK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Optional in Swift, unknown to other compilers. */
#if defined(__clang__) && defined(__swift__)
#define KTASK_NULLABLE _Nullable
#define KTASK_NONNULL _Nonnull
#else
#define KTASK_NULLABLE
#define KTASK_NONNULL
#endif

#pragma GCC visibility push(default)

/* What a thread function returns when it has done its chunk, and what a call returns when all is done. */
#define KTASK_RETURN_SUCCESS 0

/* No node in particular: the helpers run on any CPU that the caller may use. */
#define KTASK_NO_NODE (-1)

/*
 * Completes one chunk, from `start` to `end`. Whatever but 0 it returns fails the task; a chunk that fails cleans up its
 * own partial work first. Called by several threads at once, with every signal blocked in helpers.
 */
typedef int (*ktask_thread_func)(void *KTASK_NULLABLE start, void *KTASK_NULLABLE end, void *KTASK_NULLABLE arg);

/*
 * Takes back finished work from `start` to `end`, any number of chunks at once, ascending. It cannot fail. Called on the
 * caller's thread alone, when no thread function runs any more.
 */
typedef void (*ktask_undo_func)(void *KTASK_NULLABLE start, void *KTASK_NULLABLE end, void *KTASK_NULLABLE arg);

/*
 * The position `nsteps` units after `position`, which may be anything that fits a pointer. It depends on nothing else:
 * several threads may ask at once, and for the same step twice. Never called beyond the end of a node task.
 */
typedef void *KTASK_NULLABLE (*ktask_iter_func)(void *KTASK_NULLABLE position, size_t nsteps);

/* How a task ended. */
enum ktask_end {
  KTASK_FINISHED = 0,  /* every unit was done */
  KTASK_FAILED = 1,    /* a chunk failed: what the others did was undone */
  KTASK_CANCELLED = 2, /* cancelled, or out of time: what was done was undone */
  KTASK_REFUSED = 3    /* what was asked for makes no sense, or memory is out: nothing was done */
};

/* What bounds the number of threads. */
enum ktask_bound {
  KTASK_BOUND_NONE = 0,
  KTASK_BOUND_SIZE = 1,          /* a thread for each minimum chunk, and no more */
  KTASK_BOUND_CPUS = 2,          /* the CPUs that the caller may use */
  KTASK_BOUND_CPUSET = 3,        /* those of its control group's cpuset */
  KTASK_BOUND_CORES = 4,         /* one thread for each physical core */
  KTASK_BOUND_QUOTA = 5,         /* the control group's share of CPU time */
  KTASK_BOUND_POWER = 6,         /* a CPU is set to save energy: no helpers */
  KTASK_BOUND_MAX_THREADS = 7,   /* the caller's own bound */
  KTASK_BOUND_HELPERS = 8,       /* what other tasks, of all processes, leave of the helpers */
  KTASK_BOUND_ALIGNMENT = 9,     /* no thread has less than one aligned unit */
  KTASK_BOUND_OFF = 10,          /* KTASK_OFF */
  KTASK_BOUND_REQUESTED = 11,    /* so many were asked for */
  KTASK_BOUND_THREAD_CREATION = 12 /* the system let no more threads be started */
};

/*
 * A window on a call that is under way, in the caller's memory, for other threads and for signal handlers. One may watch
 * several calls, one after the other; once cancelled, it cancels each that comes after, until kw_cancelled is 0 again.
 */
struct ktask_watch {
  size_t kw_size;      /* sizeof(struct ktask_watch) */
  size_t kw_done;      /* units that are done; read it with __atomic_load_n() */
  size_t kw_total;     /* of how many */
  int kw_cancelled;    /* set by ktask_cancel() */
  int kw_cancel_fd;    /* cancelled, too, when this descriptor can be read (poll(2)); -1, or not open: none */
};

#define KTASK_WATCH_INITIALIZER { sizeof(struct ktask_watch), 0, 0, 0, -1 }

/* Lets no more chunks be begun; those that run end, and the call undoes what is done. From any thread or signal handler. */
static inline void ktask_cancel(struct ktask_watch *KTASK_NONNULL watch) {
  __atomic_store_n(&watch->kw_cancelled, 1, __ATOMIC_RELAXED);
}

/* A chunk that failed. */
struct ktask_failure {
  void *KTASK_NULLABLE kf_start; /* positions: from where it was to be done, and up to where */
  void *KTASK_NULLABLE kf_end;
  size_t kf_offset;    /* units from the start of its node task */
  size_t kf_units;     /* its length */
  size_t kf_node_task; /* its place in the list of node tasks */
  int kf_error;        /* what the thread function returned */
};

/* What became of a task. */
struct ktask_outcome {
  size_t ko_size;       /* sizeof(struct ktask_outcome) */
  struct ktask_failure *KTASK_NULLABLE ko_failures; /* room for failed chunks, the first in time first; given by the caller */
  size_t ko_nr_failures_room; /* how many fit there */
  size_t ko_nr_failures;      /* how many there were */
  enum ktask_end ko_end;
  enum ktask_bound ko_bound;  /* what kept the number of threads from being larger */
  size_t ko_threads;          /* the caller among them */
  size_t ko_chunk;            /* the largest chunk that a thread might take, in units */
  size_t ko_units_done;       /* of all chunks that were finished */
  size_t ko_units_undone;     /* given to the undo function */
  uint64_t ko_nanoseconds;    /* from the first chunk's beginning to the last one's end */
};

#define KTASK_OUTCOME_INITIALIZER { sizeof(struct ktask_outcome), NULL, 0, 0, KTASK_FINISHED, KTASK_BOUND_NONE, 0, 0, 0, 0, 0 }

/* Flags of a control object, and of the options of memory calls. */
enum {
  KTASK_OFF = 1 << 0,          /* no helpers and no chunks: the thread function is called once for each node task */
  KTASK_NICE = 1 << 1,         /* helpers run at the nice value given, instead of 19 */
  KTASK_NO_LEND = 1 << 2,      /* the caller lends its priority to nobody */
  KTASK_IGNORE_POWER = 1 << 3, /* helpers although a CPU is set to save energy */
  KTASK_KEEP = 1 << 4,         /* memory calls: what is done stays when the call fails */
  KTASK_PREFLIGHT = 1 << 5,    /* memory calls: refuse at once (ENOMEM) what cannot fit */
  KTASK_HUGE = 1 << 6,         /* memory calls: ask for transparent huge pages first */
  KTASK_NO_HUGE = 1 << 7,      /* memory calls: ask for base pages first */
  KTASK_ZERO = 1 << 8,         /* ktask_verify(): every byte is to be zero, too */
  KTASK_READ = 1 << 9          /* ktask_populate(): pages are made by reading, so that none becomes dirty */
};

/* The task, but for its start and size. Made by an initialiser, so that new members break no client. */
struct ktask_ctl {
  size_t kc_size;                              /* sizeof(struct ktask_ctl) */
  ktask_thread_func KTASK_NULLABLE kc_thread_func;
  ktask_undo_func KTASK_NULLABLE kc_undo_func; /* NULL: nothing need be undone */
  void *KTASK_NULLABLE kc_func_arg;
  size_t kc_min_chunk_size;                    /* units for which a thread is worth its while; at least 1 */
  ktask_iter_func KTASK_NULLABLE kc_iter_func; /* NULL: positions are addresses, a unit is a byte */
  size_t kc_max_threads;                       /* 0: no bound but the policy's */
  /* beyond the RFC */
  size_t kc_max_chunk_size;                    /* the most a thread takes at a time; 0: as the policy has it */
  size_t kc_alignment;                         /* chunks end at multiples of so many units; 0: 1 */
  size_t kc_threads;                           /* exactly so many, as far as there are CPUs; 0: as the policy has it */
  unsigned kc_flags;                           /* KTASK_OFF, KTASK_NICE, KTASK_NO_LEND, KTASK_IGNORE_POWER */
  int kc_nice;                                 /* with KTASK_NICE */
  uint64_t kc_lingering_ns;                    /* how long helpers wait for the next task; 0: they end with this one */
  struct ktask_watch *KTASK_NULLABLE kc_watch;
  struct ktask_outcome *KTASK_NULLABLE kc_outcome;
};

#define KTASK_CTL_INITIALIZER(thread_func, func_arg, min_chunk_size)                                                   \
  {                                                                                                                    \
    sizeof(struct ktask_ctl), (thread_func), NULL, (func_arg), (min_chunk_size), NULL, 0, 0, 0, 0, 0, 0, 0, NULL, NULL \
  }

#define DEFINE_KTASK_CTL(ctl_name, thread_func, func_arg, min_chunk_size) \
  struct ktask_ctl ctl_name = KTASK_CTL_INITIALIZER(thread_func, func_arg, min_chunk_size)

static inline void ktask_ctl_set_undo_func(struct ktask_ctl *KTASK_NONNULL ctl, ktask_undo_func KTASK_NULLABLE undo) {
  ctl->kc_undo_func = undo;
}
static inline void ktask_ctl_set_iter_func(struct ktask_ctl *KTASK_NONNULL ctl, ktask_iter_func KTASK_NULLABLE iter) {
  ctl->kc_iter_func = iter;
}
static inline void ktask_ctl_set_max_threads(struct ktask_ctl *KTASK_NONNULL ctl, size_t max_threads) {
  ctl->kc_max_threads = max_threads;
}

/* A node task: the part of a task that belongs to one NUMA node. */
struct ktask_node {
  void *KTASK_NULLABLE kn_start; /* position of its first unit */
  size_t kn_task_size;           /* in units; 0: an empty one, which is skipped */
  int kn_nid;                    /* the node, or KTASK_NO_NODE */
};

/*
 * Runs a task of `task_size` units from `start` on the calling thread and on helpers of the node that it runs on, and
 * returns when all of it is done, or when it failed or was cancelled and has been undone.
 *
 * 0: all is done. After a failure what the first thread function in time returned, errno being 0, so that no value of
 * the client's is taken for the engine's. -1 with errno set: the engine's own, EINVAL (a control object that makes no
 * sense), ENOMEM, ECANCELED.
 */
int ktask_run(void *KTASK_NULLABLE start, size_t task_size, struct ktask_ctl *KTASK_NONNULL ctl);

/* The same for several node tasks, each with helpers of its own node. */
int ktask_run_numa(struct ktask_node *KTASK_NULLABLE nodes, size_t nr_nodes, struct ktask_ctl *KTASK_NONNULL ctl);

/* The usual iterator: an address so many bytes further. */
void *KTASK_NULLABLE ktask_iter_range(void *KTASK_NULLABLE position, size_t nsteps);

/* What is asked of a memory call. All 0 but for its size: what is usual. */
struct ktask_options {
  size_t ko_size;             /* sizeof(struct ktask_options) */
  unsigned ko_flags;          /* KTASK_… */
  int ko_nice;                /* with KTASK_NICE */
  size_t ko_threads;          /* exactly so many, as far as there are CPUs; 0: as the policy has it */
  size_t ko_max_threads;      /* 0: no bound but the policy's */
  size_t ko_min_chunk;        /* bytes for which a thread is worth its while; 0: 16 MiB */
  size_t ko_page_size;        /* of the mapping, in bytes; 0: found out */
  uint64_t ko_timeout_ns;     /* 0: none */
  uint64_t ko_lingering_ns;   /* as kc_lingering_ns */
  const unsigned long *KTASK_NULLABLE ko_nodemask; /* as mbind(2) has it; NULL: memory is where the kernel puts it */
  unsigned long ko_maxnode;   /* one more than its bits, as mbind(2) has that, too */
  int ko_policy;              /* MPOL_BIND: each node gets an equal part; MPOL_INTERLEAVE, MPOL_PREFERRED; 0: MPOL_BIND */
  struct ktask_watch *KTASK_NULLABLE ko_watch; /* its units are bytes */
};

#define KTASK_OPTIONS_INITIALIZER { sizeof(struct ktask_options), 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, NULL }

/* What came of it. */
struct ktask_result {
  size_t kr_size;            /* sizeof(struct ktask_result) */
  size_t kr_bytes_done;      /* of all chunks that were finished */
  size_t kr_bytes_undone;    /* pages given back after a failure, in bytes */
  int kr_undone;             /* whether all that this call added was given back; 1, too, where there was nothing */
  enum ktask_bound kr_bound;
  size_t kr_threads;
  size_t kr_chunk;           /* bytes */
  uint64_t kr_nanoseconds;
  size_t kr_bytes_resident;  /* ktask_verify(): bytes of pages that are there */
  size_t kr_failed_offset;   /* where the first failure was, in bytes from the start; the first byte that is not as demanded */
  size_t kr_failed_length;   /* bytes of the chunk that failed; 0: none did */
};

#define KTASK_RESULT_INITIALIZER { sizeof(struct ktask_result), 0, 0, 0, KTASK_BOUND_NONE, 0, 0, 0, 0, 0, 0 }

/*
 * Memory calls, on the caller's own mapping or file. `address` and `length` are whole pages. 0, or -1 with errno: the
 * kernel's own for the first chunk that failed (ENOMEM, EFAULT, EHWPOISON …), EINVAL, ECANCELED, ETIMEDOUT. Unless
 * KTASK_KEEP is set pages that were there before stay, and those that the call added are given back; of pages
 * that cannot be told from what was there (shared pages of a file of memory on the caller's mapping, those that
 * fallocate(2) has reserved, a private mapping of a file that may be written), and of pages that somebody has written
 * meanwhile, none is, and kr_undone is 0. A memory policy that the call has set goes, and
 * that of private memory is what it was; shared memory has none of its own then. `options` and `result` may be NULL.
 */

/* Makes every page present (MADV_POPULATE_WRITE, or _READ with KTASK_READ; Linux 5.14). */
int ktask_populate(void *KTASK_NONNULL address, size_t length, const struct ktask_options *KTASK_NULLABLE options,
                   struct ktask_result *KTASK_NULLABLE result);

/* Makes every page present and zero, in place. A page that goes bad meanwhile raises SIGBUS, as in memset(3). */
int ktask_clear(void *KTASK_NONNULL address, size_t length, const struct ktask_options *KTASK_NULLABLE options,
                struct ktask_result *KTASK_NULLABLE result);

/* Gives pages back: anonymous ones (MADV_DONTNEED), and those of a shared file of memory (MADV_REMOVE). No
 * undo. EOPNOTSUPP: of a shared file on a file system that is mounted nowhere it is not known whether it is one of memory. */
int ktask_release(void *KTASK_NONNULL address, size_t length, const struct ktask_options *KTASK_NULLABLE options,
                  struct ktask_result *KTASK_NULLABLE result);

/* Makes every page present and locks it, as mlock(2) does; a failure on the way unlocks the range, unless KTASK_KEEP is set. */
int ktask_lock(void *KTASK_NONNULL address, size_t length, const struct ktask_options *KTASK_NULLABLE options,
               struct ktask_result *KTASK_NULLABLE result);

/*
 * Demands that every page is present (else -1, ENODATA), with KTASK_ZERO also that every byte is zero (EILSEQ), with
 * ko_nodemask that every page lies on one of those nodes (EXDEV). Makes no page. EFAULT: what KTASK_ZERO would look into
 * may not be read.
 */
int ktask_verify(void *KTASK_NONNULL address, size_t length, const struct ktask_options *KTASK_NULLABLE options,
                 struct ktask_result *KTASK_NULLABLE result);

/* Gives every page of a part of a tmpfs, hugetlbfs or memfd file its memory; the file grows as far as need be. */
int ktask_prefault_fd(int fd, size_t offset, size_t length, const struct ktask_options *KTASK_NULLABLE options,
                      struct ktask_result *KTASK_NULLABLE result);

/* What a memory call of so many bytes would do now: kr_threads, kr_bound, kr_chunk. Touches nothing. */
int ktask_plan(size_t length, const struct ktask_options *KTASK_NULLABLE options,
               struct ktask_result *KTASK_NULLABLE result);

/* The library's version, such as "1.0.0". */
const char *KTASK_NONNULL ktask_version(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
