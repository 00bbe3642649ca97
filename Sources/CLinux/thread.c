#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct start {
  void (*body)(void *);
  void *context;
  char name[16];
};

static void *run(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  pthread_setname_np(pthread_self(), start.name);
  start.body(start.context);
  return NULL;
}

static void all_but_faults(sigset_t *set) {
  sigfillset(set);
  const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(set, faults[i]);
}

// The system's usual size follows RLIMIT_STACK: a tiny one would not do, and a huge one take address space for nothing.
enum { LEAST_STACK = 256 << 10, MOST_STACK = 8 << 20 };

static size_t stack_of(const pthread_attr_t *attributes) {
  size_t usual = MOST_STACK;
  pthread_attr_getstacksize(attributes, &usual);
  return usual < LEAST_STACK ? LEAST_STACK : usual > MOST_STACK ? MOST_STACK : usual;
}

size_t clinux_thread_stack(void) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes)) return MOST_STACK;
  size_t size = stack_of(&attributes);
  pthread_attr_destroy(&attributes);
  return size;
}

struct shape {
  size_t stack; // 0: the usual size
  bool detached;
};

static int create_once(pthread_t *thread, struct shape shape, void *(*body)(void *), void *argument) {
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error) return error;
  if (shape.detached) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  error = pthread_attr_setstacksize(&attributes, shape.stack ? shape.stack : stack_of(&attributes));
  if (!error) error = pthread_create(thread, &attributes, body, argument);
  pthread_attr_destroy(&attributes);
  return error;
}

static int create(pthread_t *thread, struct shape shape, void *(*body)(void *), void *argument) {
  sigset_t blocked, before;
  all_but_faults(&blocked);
  // a thread that took the signals would let them end the process
  int error = pthread_sigmask(SIG_SETMASK, &blocked, &before);
  if (error) return error;
  error = create_once(thread, shape, body, argument);
  // too small, with all the thread-local variables that libraries have
  if (error == EINVAL && shape.stack)
    error = create_once(thread, (struct shape){.stack = 0, .detached = shape.detached}, body, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

int clinux_start_thread(const char *name, void (*body)(void *), void *context) {
  struct start *start = calloc(1, sizeof *start);
  if (!start) return ENOMEM;
  start->body = body;
  start->context = context;
  for (size_t i = 0; i + 1 < sizeof start->name && name[i]; i++) start->name[i] = name[i];
  pthread_t thread;
  int error = create(&thread, (struct shape){.detached = true}, run, start);
  if (error) free(start);
  return error;
}

// Of these a thread without rights may have any; others would be inherited, and have no nice value.
static bool is_usual(int class) { return class == SCHED_OTHER || class == SCHED_BATCH || class == SCHED_IDLE; }

int clinux_scheduling_class(void) {
  int class = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
  return is_usual(class) ? class : SCHED_OTHER;
}

int clinux_set_scheduling_class(int class) {
  const struct sched_param none = {0};
  return answer(sched_setscheduler(0, class, &none));
}

static void *run_helper(void *argument) {
  struct clinux_helper *helper = argument;
  const struct sched_param none = {0};
  if (sched_getscheduler(0) != helper->class) sched_setscheduler(0, helper->class, &none);
  setpriority(PRIO_PROCESS, 0, helper->nice);
  pthread_setname_np(pthread_self(), "ktask helper");
  helper->body(helper->context);
  return NULL;
}

int clinux_helper_start(struct clinux_helper *helper) {
  pthread_t thread;
  int error = create(&thread, (struct shape){.stack = helper->stack}, run_helper, helper);
  helper->thread = (uintptr_t)thread;
  return error;
}

void clinux_helper_leave(void) { pthread_detach(pthread_self()); }

bool clinux_thread_is_gone(int number) { return syscall(SYS_tgkill, getpid(), number, 0) == -1; }

// The thread is awaited twice: the C library is told before the kernel counts it no more. That takes a moment; one that takes
// a tenth of a second is another thread, which has got the number since.
void clinux_helper_join(const struct clinux_helper *helper, int number) {
  pthread_join((pthread_t)helper->thread, NULL);
  const struct timespec moment = {.tv_nsec = 50000};
  for (int turn = 0; turn < 2100 && !clinux_thread_is_gone(number); turn++) {
    if (turn < 100) sched_yield();
    else nanosleep(&moment, NULL);
  }
}

// numaif.h's and linux/ioprio.h's numbers.
enum { WHO_THREAD = 1, NODES = sizeof((struct clinux_manner *)0)->nodes * 8 };

void clinux_manner_get(struct clinux_manner *manner) {
  *manner = (struct clinux_manner){0};
  if (syscall(SYS_get_mempolicy, &manner->memory, manner->nodes, NODES, NULL, 0) == -1) manner->memory = -1;
  manner->io = (int)syscall(SYS_ioprio_get, WHO_THREAD, 0);
}

static void take_memory_policy(const struct clinux_manner *wanted, struct clinux_manner *own) {
  if (wanted->memory == -1) return;
  if (wanted->memory == own->memory && !memcmp(wanted->nodes, own->nodes, sizeof own->nodes)) return;
  uint64_t any = 0;
  for (size_t i = 0; i < sizeof own->nodes / sizeof *own->nodes; i++) any |= wanted->nodes[i];
  // the kernel takes one bit less than it is told of
  if (syscall(SYS_set_mempolicy, (long)wanted->memory, any ? wanted->nodes : NULL, any ? NODES + 1 : 0) == -1) return;
  own->memory = wanted->memory;
  memcpy(own->nodes, wanted->nodes, sizeof own->nodes);
}

void clinux_manner_take(const struct clinux_manner *wanted, struct clinux_manner *own) {
  take_memory_policy(wanted, own);
  if (wanted->io != -1 && wanted->io != own->io && syscall(SYS_ioprio_set, WHO_THREAD, 0, wanted->io) == 0)
    own->io = wanted->io;
}

int clinux_futex_wait(const uint32_t *word, uint32_t expected, int64_t nanoseconds) {
  struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  long result = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nanoseconds < 0 ? NULL : &limit, NULL, 0);
  return answer(result);
}

void clinux_futex_wake(const uint32_t *word, int count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

int clinux_nice_get(int thread, int *nice) {
  errno = 0;
  *nice = getpriority(PRIO_PROCESS, (id_t)thread);
  return answer(*nice);
}

int clinux_nice_set(int thread, int nice) {
  return answer(setpriority(PRIO_PROCESS, (id_t)thread, nice));
}

int clinux_thread_id(void) { return (int)syscall(SYS_gettid); }

void clinux_yield(void) { sched_yield(); }

void clinux_spin_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
