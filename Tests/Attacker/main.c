// ktask-attack exchange COUNT ONE OTHER   exchanges two names again and again, so often at least and until SIGTERM; makes
//                                         ONE anew where it has gone
// ktask-attack lock COUNT FILE            holds so many locks for reading on a file, each of one byte with a gap after it
// ktask-attack read FILE                  holds one for reading on all of it
//
// What an ordinary user may do beside a root that runs the program: to be run as one, by setpriv(1). The first says at its
// end how often it was; the others say "held" and wait to be ended.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "ktask-attack: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/// Up to 200 µs, each time others: so that the exchange comes between any two calls of the program.
static void pause_for_some_time(void) {
  static uint64_t random = 88172645463325252u;
  random ^= random << 13;
  random ^= random >> 7;
  random ^= random << 17;
  uint64_t end = now() + random % 200000;
  while (now() < end) continue;
}

static void make(const char *name) {
  int file = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file == -1 || ftruncate(file, 1 << 20) == -1) fail(name);
  close(file);
}

static volatile sig_atomic_t is_enough;

static void stop(int signal) { is_enough = signal; }

static void exchange(long count, const char *one, const char *other) {
  long done = 0;
  sigset_t none;
  sigemptyset(&none);
  signal(SIGTERM, stop);
  // a thread of a test, from which this may come, often has signals blocked
  sigprocmask(SIG_SETMASK, &none, NULL);
  while (done < count || !is_enough) {
    if (renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0) {
      done++;
      pause_for_some_time();
    } else if (errno == ENOENT) {
      make(one);
    } else {
      fail("renameat2");
    }
  }
  printf("%ld\n", done);
}

/// Odd bytes: each is a run of its own, and even places stay free.
static void lock(long count, const char *name) {
  int file = open(name, O_RDONLY | O_CLOEXEC);
  if (file == -1) fail(name);
  for (long i = 0; i < count; i++) {
    struct flock one = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 2 * i + 1, .l_len = 1};
    if (fcntl(file, F_OFD_SETLK, &one) == -1) fail("fcntl");
  }
}

static void read_lock(const char *name) {
  int file = open(name, O_RDONLY | O_CLOEXEC);
  struct flock all = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
  if (file == -1 || fcntl(file, F_OFD_SETLK, &all) == -1) fail(name);
}

int main(int count, char **words) {
  if (count == 5 && strcmp(words[1], "exchange") == 0) {
    exchange(atol(words[2]), words[3], words[4]);
    return 0;
  }
  if (count == 4 && strcmp(words[1], "lock") == 0) lock(atol(words[2]), words[3]);
  else if (count == 3 && strcmp(words[1], "read") == 0) read_lock(words[2]);
  else return 64;
  puts("held");
  fflush(stdout);
  pause();
  return 0;
}
