#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct start {
  void (*body)(void *);
  void *context;
  char name[16];
  int nice;
};

// A real-time maker's policy would be inherited, and would have no nice value.
static void lower(int nice) {
  int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
  const struct sched_param none = {0};
  if (policy != SCHED_OTHER && policy != SCHED_BATCH && policy != SCHED_IDLE) sched_setscheduler(0, SCHED_OTHER, &none);
  setpriority(PRIO_PROCESS, 0, nice);
}

static void *run(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  if (start.nice != CLINUX_NICE_INHERITED) lower(start.nice);
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

static int create(struct start *start) {
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error) return error;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, stack_of(&attributes));
  pthread_t thread;
  error = pthread_create(&thread, &attributes, run, start);
  pthread_attr_destroy(&attributes);
  return error;
}

int clinux_start_thread(const char *name, int nice, void (*body)(void *), void *context) {
  struct start *start = calloc(1, sizeof *start);
  if (!start) return ENOMEM;
  start->body = body;
  start->context = context;
  start->nice = nice;
  for (size_t i = 0; i + 1 < sizeof start->name && name[i]; i++) start->name[i] = name[i];

  sigset_t blocked, before;
  all_but_faults(&blocked);
  // a thread that took the signals would let them end the process
  int error = pthread_sigmask(SIG_SETMASK, &blocked, &before);
  if (!error) {
    error = create(start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  if (error) free(start);
  return error;
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
