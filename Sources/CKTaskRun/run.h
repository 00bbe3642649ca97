/*
 * libktask-run: makes a program's own large memory calls parallel that knows nothing of it. `ktaskctl run` has the dynamic
 * loader put it in front of the C library; ktaskctl-run(8) says what it does.
 *
 * Each hook is the same three steps: begin_call() decides whether the call is made parallel, the pages are made by all
 * threads, and then the real call is made, whose result is the result.
 */
#ifndef KTASK_RUN_H
#define KTASK_RUN_H

#include "raw.h"
#include <stdbool.h>
#include <stddef.h>

/* A function that takes the place of the C library's. */
#define HOOK __attribute__((visibility("default")))

/* The object that a hook was called from: allocators are not to be called from within themselves. */
#define CALLER __builtin_return_address(0)

enum { HUGE_ALIGNMENT = 2 << 20, WORDS = 4096 };

/* settings.c: what KTASK_RUN in the environment says. */
struct settings {
  size_t least;       /* bytes; a smaller call is left to the kernel. SIZE_MAX: every one is, until this is read, and behind a filter */
  size_t threads;     /* exactly so many; 0: as the policy has it */
  size_t max_threads; /* 0: no bound but the policy's */
  int nice;
  bool lends, ignores_power, huge;
  int command;        /* process ID of COMMAND; its children are others */
  long filters;       /* seccomp filters that it was started with; -1: not known */
  const char *report; /* a path, "-", "json"; NULL: none */
  bool verbose;
  char version[16];
};
extern struct settings settings;
void read_settings(void);

/* A large call, for the report. */
struct entry {
  const char *call, *why; /* why: NULL where nothing was left to the kernel */
  size_t length, done, threads;
  double seconds; /* of the whole call; negative: not known */
  bool is_whole; /* what is before this is written */
};

/* What is true of one process, and neither of its children nor of its parent. */
struct process {
  int id;
  int future_locks; /* mlockall(2)'s MCL_FUTURE and MCL_ONFAULT; 0: what is mapped later is not locked */
  size_t calls; /* large ones that are under way */
  bool is_reported, is_filtered; /* is_filtered: what comes after a seccomp filter is not told */
  unsigned entries; /* calls; those that have no room here are counted only */
  struct entry entry[1024];
};

/* process.c: whose memory this is. */
extern struct process *const own;
bool is_own_process(void); /* false in a vfork child, whose memory is its parent's */
/* A seccomp filter, or the strict mode, by that system call. */
long install_filter(bool is_strict, long number, long a, long b, long c, long d, long e);
bool is_on(void);          /* false behind a filter: nothing may be asked of the kernel any more */
const char *why_filtered(void); /* NULL: no filter of the program's own is known */
void note_future_locks(int flags);
int future_locks(void);

/* proc.c: what /proc says of this process. */
struct mapping {
  uintptr_t start, end;
  unsigned long inode; /* 0: no file */
  bool reads, writes, executes, shared;
  char path[256];
};
/* A file of /proc, line by line. Small: a thread's whole stack may be 16 KiB (PTHREAD_STACK_MIN). */
struct lines {
  int file; /* -1: not open for now */
  uint64_t device, inode;
  size_t used, at;
  bool is_rest; /* what comes next is the rest of a line that had no room */
  char text[512];
};
bool maps_open(struct lines *maps);
bool maps_next(struct lines *maps, struct mapping *mapping); /* may tell mappings again, from the first one on */
size_t maps_page_size(int maps, uintptr_t address); /* of the mapping there; 0: not known */
void maps_close(struct lines *maps); /* until maps_next() opens it again */
bool has_right(unsigned capability); /* a capability below 32 */
uintptr_t mapping_start(uintptr_t address); /* of the mapping there; 0: not known */
long number_in(const char *path, const char *key); /* behind `key` at a line's start, in its own unit; -1: not known */
long status_number(const char *key);               /* of the calling thread */
bool limit_allows(size_t locked);          /* so many bytes to be locked in all */
bool limit_allows_locking(size_t length);  /* so many more */
extern const char beyond_limit[];
/*
 * The engine, and the stacks of its helpers: locked with all that there is (MCL_CURRENT), or as they come (MCL_FUTURE).
 */
size_t locked_by_helpers(void);
bool names_itself(int process); /* a descriptor for a process: this one */
bool peek(void *copy, const void *from, size_t length); /* false where there is no memory to read */

/* loader.c: what is loaded. */
void *next_function(const char *name, const void *caller); /* behind this library's own; NULL: there is none */

/*
 * Whether a call comes out of the object that has the program's malloc: it may hold locks that the engine, which
 * allocates, would wait for. The C library's own calls of itself never come here.
 */
bool is_of_allocator(uintptr_t caller);
void note_allocator(void);

/* engine.c: libktask, opened when it is needed first. */
const char *engine_open(void);                     /* why it cannot be had; NULL: it is there */
struct engine_plan {
  size_t threads;           /* 0: it was refused */
  const char *bound;        /* why they are no more */
  bool others_have_helpers; /* as many as may run at once */
};
struct engine_plan engine_plan(size_t length);
typedef int (*chunk_func)(uintptr_t start, uintptr_t end, int advice);
/* `most`: threads; 0: as the settings have it. */
int engine_run(chunk_func work, uintptr_t start, uintptr_t end, int advice, size_t most, size_t *threads);

/* interruptions.c: what waits for the end of a call, as it would for the kernel's. */
struct held {
  uint64_t mask;  /* of signals, as it was */
  int cancelling; /* pthread_setcancelstate(3)'s, as it was */
  bool is_held;
};
void hold_interruptions(struct held *held);
void let_interruptions(struct held *held);

/* call.c: one large call. */
struct call {
  const char *name;
  size_t length;     /* bytes asked for */
  size_t done;       /* bytes whose pages were made in parallel */
  size_t threads;    /* the most that worked at once */
  size_t most_threads; /* that it may have; 0: as the settings have it. 1: it makes its pages alone, part by part */
  const char *why;   /* why something was left to the kernel */
  uint64_t began;
  struct held held;
  int error;         /* errno as it was */
};
bool begin_call(struct call *call, const char *name, size_t length, const void *caller);
long end_call(struct call *call, long result);
int make_pages(struct call *call, uintptr_t start, uintptr_t end, bool writing);
int advise_pages(uintptr_t start, uintptr_t end, int advice);

/* pieces.c: the mappings of a range, each made as the kernel would. */
enum purpose {
  FOR_LOCKING = 0,      /* mlock(2): the first mapping that cannot be populated ends it */
  PASSING_OVER = 1,     /* mlockall(2): what cannot be populated is passed over */
  POOLED_ONLY = 2,      /* what is in pools of huge pages, which locking on fault would populate at once */
  FOR_PINNING = 4       /* a device's: private memory by writing, memory of a file by reading */
};
void make_mapped(struct call *call, uintptr_t start, uintptr_t end, enum purpose purpose);
bool can_populate(struct call *call, uintptr_t start, uintptr_t end, bool writing);

/* room.c: whether there is memory of a kind, where its lack would be an error and not a wait. */
const char *no_room_in(const struct mapping *mapping, size_t page_size, size_t bytes);
const char *no_room_in_file(int file, size_t bytes, bool is_promised);
const char *no_room_in_pool(size_t page_size, size_t bytes, bool is_promised);
bool is_pooled_file(int file, size_t *page_size);

/* hooks, by the name of the system call: raw results */
long map_memory(uintptr_t, size_t, int, int, int, long, const void *caller);
long lock_memory(uintptr_t, size_t);
long lock_all(int flags);
long unlock_all(void);
long advise_memory(uintptr_t, size_t, int, const void *caller);
long advise_process(int, const void *, size_t, int, unsigned, const void *caller);
long allocate_file(int, int, long, long);
long control_device(int, unsigned long, void *);

/* destination.c: where the report goes. */
struct destination {
  int file;
  bool is_opened, is_emptied; /* for this report */
};
int destination_open(struct destination *to); /* an error number; 0: it is open */
int destination_close(const struct destination *to, int error); /* the error of writing; what is only begun is taken away */
void remember_streams(void);
void remember_stack(void); /* by the first thread */
bool is_same_stream(int file);
bool is_to_stream(void);
bool is_json(const char *report);
bool is_command(void); /* and not one of its children */
struct quiet {
  uint64_t mask, pending;
};
void be_quiet(struct quiet *quiet); /* no signal comes of what is written */
void be_as_before(const struct quiet *quiet);

/* report.c */
void note_call(const struct call *call, double seconds);
void write_report(void);
void report_before_filter(void); /* since nothing may be written behind it */
bool report_again(void);         /* it was refused: false where what was told cannot be told anew */

static inline uintptr_t rounded_down(uintptr_t address, size_t unit) { return address & ~(unit - 1); }
static inline uintptr_t rounded_up(uintptr_t address, size_t unit) { return (address + unit - 1) & ~(unit - 1); }
uint64_t now(void);
size_t base_page(void);

#endif
