/*
 * What the kernel would not let in before a call of its own ends: signals that have a handler, and pthread_cancel(3). The
 * handler may leave for good, or fork, and a thread that is cancelled goes with the locks that the program took for a call
 * which is no cancellation point. What ends or stops the program without a handler still does so at once.
 */
#define _GNU_SOURCE
#include "run.h"
#include <pthread.h>
#include <signal.h>

enum { SIGNALS = 64 };

static uint64_t bit(int signal) { return 1ULL << (signal - 1); }

/* What a thread brings about itself, and what the C library sends: setuid(3) waits for all threads, and they for it. */
static uint64_t never_held(void) {
  return bit(SIGBUS) | bit(SIGSEGV) | bit(SIGFPE) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGABRT) | bit(SIGSYS) |
         bit(__SIGRTMIN) | bit(__SIGRTMIN + 1);
}

static bool has_handler(int signal) {
  // the kernel's own structure begins with it everywhere
  uintptr_t action[16] = {0};
  return !raw(SYS_rt_sigaction, signal, NULL, action, sizeof(uint64_t)) && action[0] != (uintptr_t)SIG_DFL &&
         action[0] != (uintptr_t)SIG_IGN;
}

void hold_interruptions(struct held *held) {
  uint64_t held_back = 0;
  for (int signal = 1; signal <= SIGNALS; signal++)
    if (!(never_held() & bit(signal)) && has_handler(signal)) held_back |= bit(signal);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &held->cancelling);
  raw(SYS_rt_sigprocmask, SIG_BLOCK, &held_back, &held->mask, sizeof held_back);
  held->is_held = true;
}

void let_interruptions(struct held *held) {
  if (!held->is_held) return;
  held->is_held = false;
  raw(SYS_rt_sigprocmask, SIG_SETMASK, &held->mask, NULL, sizeof held->mask);
  pthread_setcancelstate(held->cancelling, NULL);
}
