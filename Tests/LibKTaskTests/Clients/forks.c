// Children forked at any moment, while four threads run tasks, run tasks of their own.
#define _GNU_SOURCE
#include <ktask.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

static int done;

static int add(void *start, void *end, void *arg) {
  __atomic_fetch_add((size_t *)arg, (size_t)end - (size_t)start, __ATOMIC_RELAXED);
  return 0;
}

static void run_one(void) {
  size_t sum = 0;
  DEFINE_KTASK_CTL(ctl, add, &sum, 100);
  CHECK(ktask_run(NULL, 1000, &ctl) == 0 && sum == 1000);
}

static void *keep_running(void *arg) {
  while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) run_one();
  return arg;
}

int main(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, keep_running, NULL) == 0);
  for (int i = 0; i < 100; i++) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      // one that hangs is ended by this
      alarm(120);
      run_one();
      _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  return 0;
}
