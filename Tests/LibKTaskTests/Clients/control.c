// Control objects that make no sense, older ones, cancelling by thread, signal and descriptor, progress.
#include <ktask.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "check.h"

static struct ktask_watch watch = KTASK_WATCH_INITIALIZER;
static size_t worked, undone;

static int work(void *start, void *end, void *arg) {
  (void)arg;
  __atomic_fetch_add(&worked, (size_t)end - (size_t)start, __ATOMIC_RELAXED);
  return 0;
}

static int slow(void *start, void *end, void *arg) {
  usleep(2000);
  return work(start, end, arg);
}

static void undo(void *start, void *end, void *arg) {
  (void)arg;
  undone += (size_t)end - (size_t)start;
}

static int minus_one(void *start, void *end, void *arg) {
  (void)start, (void)end, (void)arg;
  return -1;
}

static void *cancels(void *arg) {
  struct ktask_watch *mine = arg;
  while (__atomic_load_n(&mine->kw_done, __ATOMIC_RELAXED) == 0) usleep(100);
  ktask_cancel(mine);
  return NULL;
}

static void on_signal(int number) {
  (void)number;
  ktask_cancel(&watch);
}

static void *signals(void *arg) {
  while (__atomic_load_n(&watch.kw_done, __ATOMIC_RELAXED) == 0) usleep(100);
  pthread_kill(*(pthread_t *)arg, SIGUSR1);
  return NULL;
}

static void *writes(void *arg) {
  while (__atomic_load_n(&watch.kw_done, __ATOMIC_RELAXED) == 0) usleep(100);
  CHECK(eventfd_write(*(int *)arg, 1) == 0);
  return NULL;
}

static void check_cancelled(struct ktask_ctl *ctl, void *(*canceller)(void *), void *arg) {
  worked = undone = 0;
  watch.kw_cancelled = 0;
  __atomic_store_n(&watch.kw_done, 0, __ATOMIC_RELAXED);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, canceller, arg) == 0);
  // hours of work
  int result = ktask_run(NULL, (size_t)1 << 40, ctl);
  CHECK(result == -1 && errno == ECANCELED);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(worked > 0 && undone == worked);
  CHECK(ctl->kc_outcome->ko_end == KTASK_CANCELLED && ctl->kc_outcome->ko_units_undone == undone);
}

int main(void) {
  struct ktask_outcome outcome = KTASK_OUTCOME_INITIALIZER;
  DEFINE_KTASK_CTL(ctl, work, NULL, 1000);
  ctl.kc_outcome = &outcome;

  // the engine's errors, and a client's own value that looks like one
  struct ktask_ctl bad = ctl;
  bad.kc_min_chunk_size = 0;
  CHECK(ktask_run(NULL, 10, &bad) == -1 && errno == EINVAL && outcome.ko_end == KTASK_REFUSED);
  bad = ctl, bad.kc_thread_func = NULL;
  CHECK(ktask_run(NULL, 10, &bad) == -1 && errno == EINVAL);
  bad = ctl, bad.kc_size = 8;
  CHECK(ktask_run(NULL, 10, &bad) == -1 && errno == EINVAL);
  bad = ctl, bad.kc_max_chunk_size = 10;
  CHECK(ktask_run(NULL, 10, &bad) == -1 && errno == EINVAL);
  bad = ctl, bad.kc_flags = KTASK_NICE, bad.kc_nice = 20;
  CHECK(ktask_run(NULL, 10, &bad) == -1 && errno == EINVAL);
  CHECK(ktask_run((void *)-10, 100, &ctl) == -1 && errno == EINVAL);
  CHECK(ktask_run(NULL, (size_t)-1, &ctl) == -1 && errno == EINVAL);
  bad = ctl, bad.kc_thread_func = minus_one;
  CHECK(ktask_run(NULL, 10, &bad) == -1 && errno == 0 && outcome.ko_end == KTASK_FAILED);
  CHECK(worked == 0);

  // nothing to do
  CHECK(ktask_run(NULL, 0, &ctl) == 0 && outcome.ko_end == KTASK_FINISHED);

  // off: once, in the caller
  struct ktask_ctl off = ctl;
  off.kc_flags = KTASK_OFF;
  CHECK(ktask_run(NULL, 1000000, &off) == 0 && outcome.ko_threads == 1 && worked == 1000000);

  // an outcome of a header that ended earlier: nothing is written beyond it
  struct ktask_outcome small = KTASK_OUTCOME_INITIALIZER;
  small.ko_size = offsetof(struct ktask_outcome, ko_threads);
  small.ko_threads = 12345;
  ctl.kc_outcome = &small;
  CHECK(ktask_run(NULL, 1000000, &ctl) == 0 && small.ko_threads == 12345 && small.ko_bound != KTASK_BOUND_NONE);
  ctl.kc_outcome = &outcome;

  // a control object of a newer header: what this library does not know is left alone
  struct { struct ktask_ctl ctl; long more; } newer = {ctl, 1};
  newer.ctl.kc_size = sizeof newer;
  CHECK(ktask_run(NULL, 1000, &newer.ctl) == 0);

  // cancelled by another thread, by a signal handler, by a descriptor
  ctl.kc_thread_func = slow;
  ctl.kc_max_chunk_size = 1 << 20;
  ctl.kc_watch = &watch;
  ktask_ctl_set_undo_func(&ctl, undo);
  check_cancelled(&ctl, cancels, &watch);
  CHECK(signal(SIGUSR1, on_signal) != SIG_ERR);
  // whoever started this may have had it blocked
  sigset_t usr1;
  CHECK(sigemptyset(&usr1) == 0 && sigaddset(&usr1, SIGUSR1) == 0 && pthread_sigmask(SIG_UNBLOCK, &usr1, NULL) == 0);
  pthread_t self = pthread_self();
  check_cancelled(&ctl, signals, &self);
  watch.kw_cancel_fd = eventfd(0, EFD_CLOEXEC);
  CHECK(watch.kw_cancel_fd >= 0);
  check_cancelled(&ctl, writes, &watch.kw_cancel_fd);
  // once cancelled, each that comes after is
  CHECK(ktask_run(NULL, 100, &ctl) == -1 && errno == ECANCELED);

  // a descriptor that is closed cancels nothing; a pipe whose other end is does
  watch = (struct ktask_watch)KTASK_WATCH_INITIALIZER;
  ctl.kc_thread_func = work;
  int ends[2];
  CHECK(pipe(ends) == 0 && close(ends[1]) == 0);
  watch.kw_cancel_fd = ends[0];
  CHECK(ktask_run(NULL, 100, &ctl) == -1 && errno == ECANCELED);
  CHECK(close(ends[0]) == 0 && ktask_run(NULL, 100, &ctl) == 0);

  // progress ends with all
  watch = (struct ktask_watch)KTASK_WATCH_INITIALIZER;
  CHECK(ktask_run(NULL, 12345678, &ctl) == 0 && watch.kw_done == 12345678 && watch.kw_total == 12345678);
  return 0;
}
