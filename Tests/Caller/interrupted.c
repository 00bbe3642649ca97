// What comes in the midst of a large call.
#include "caller.h"
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

static void *map_populated(void) {
  return mmap(room(SIZE), SIZE, BOTH, ANONYMOUS | MAP_POPULATE, -1, 0);
}

// When a call of that size has begun, and not ended.
static void signal_soon(void) {
  const struct itimerval soon = {.it_value = {0, 5000}};
  setitimer(ITIMER_REAL, &soon, NULL);
}

// A handler of whose child's nothing is left but what the kernel leaves: it goes back into the program, too.
static void fork_now(int number) {
  (void)number;
  fork();
}

static void forked_by_handler(char **words) {
  (void)words;
  const pid_t self = getpid();
  signal(SIGALRM, fork_now);
  signal_soon();
  void *start = map_populated();
  if (getpid() != self) _exit(start == MAP_FAILED ? 1 : 5);
  int status;
  waitpid(-1, &status, 0);
  printf("status=%d\n", WEXITSTATUS(status));
  tell_pages(start, SIZE);
}

// A signal that nobody handles ends the process.
static void ended_by_signal(char **words) {
  (void)words;
  signal_soon();
  map_populated();
  pause();
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Cancelled before it calls: none of these is a cancellation point.
static void *locks(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  pthread_cancel(pthread_self());
  void *start = map_populated();
  if (start != MAP_FAILED && !mlock(start, SIZE)) munmap(start, SIZE);
  pthread_mutex_unlock(&lock);
  pthread_testcancel();
  return NULL;
}

static void cancelled(char **words) {
  (void)words;
  pthread_t thread;
  void *result;
  if (pthread_create(&thread, NULL, locks, NULL) || pthread_join(thread, &result)) exit(1);
  printf("cancelled=%d held=%d\n", result == PTHREAD_CANCELED, pthread_mutex_trylock(&lock) != 0);
}

const struct scenario interrupted_scenarios[] = {
    {"forked-by-handler", forked_by_handler},
    {"ended-by-signal", ended_by_signal},
    {"cancelled", cancelled},
    {0},
};
