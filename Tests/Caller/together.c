// Large calls that are under way at once.
#include "caller.h"
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>

enum { PAGES = 2 << 20 };

// A mapping whose pages do not come before they are brought (userfaultfd(2)).
static int watched(void *start) {
  int watch = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {.api = UFFD_API};
  struct uffdio_register range = {
      .range = {(uintptr_t)start, SIZE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  if (watch >= 0 && !ioctl(watch, UFFDIO_API, &api) && !ioctl(watch, UFFDIO_REGISTER, &range)) return watch;
  tell("userfaultfd", -1);
  exit(77);
}

// Until somebody waits for one of them.
static void wait_for_fault(int watch) {
  struct uffd_msg message;
  if (read(watch, &message, sizeof message) != sizeof message) exit(1);
}

static void bring_pages(int watch, void *start) {
  static char source[PAGES] __attribute__((aligned(4096)));
  for (uintptr_t at = (uintptr_t)start; at < (uintptr_t)start + SIZE; at += PAGES) {
    struct uffdio_copy copy = {.dst = at, .src = (uintptr_t)source, .len = PAGES};
    if (ioctl(watch, UFFDIO_COPY, &copy)) tell("copy", -1);
  }
}

static void *advise(void *start) {
  return (void *)(intptr_t)madvise(start, SIZE, MADV_POPULATE_WRITE);
}

// The first call waits for its pages while the second one is made.
static void advise_meanwhile(char **words) {
  (void)words;
  char *first = mapped(SIZE, BOTH, ANONYMOUS, -1), *second = mapped(SIZE, BOTH, ANONYMOUS, -1);
  int watch = watched(first);
  pthread_t caller;
  void *result;
  pthread_create(&caller, NULL, advise, first);
  wait_for_fault(watch);
  tell("madvise", madvise(second, SIZE, MADV_POPULATE_WRITE));
  tell_pages(second, SIZE);
  bring_pages(watch, first);
  pthread_join(caller, &result);
  tell("madvise", (long)result);
  close(watch);
  tell_pages(first, SIZE);
}

static void *lock(void *start) { return (void *)(intptr_t)mlock(start, SIZE); }

// FILE: while a call waits for its pages all that is open is closed, and files of the program's own get the numbers.
static void numbers_taken(char **words) {
  char *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
  int watch = fcntl(watched(start), F_DUPFD_CLOEXEC, 200), files[8], kept = 0;
  pthread_t caller;
  void *result;
  pthread_create(&caller, NULL, lock, start);
  wait_for_fault(watch);
  syscall(SYS_close_range, 3, 199, 0);
  for (int i = 0; i < 8; i++) files[i] = opened(words[0], O_RDWR | O_CREAT);
  bring_pages(watch, start);
  pthread_join(caller, &result);
  tell("mlock", (long)result);
  for (int i = 0; i < 8; i++) kept += fcntl(files[i], F_GETFD) != -1;
  printf("kept=%d\n", kept);
}

const struct scenario simultaneous_scenarios[] = {
    {"advise-meanwhile", advise_meanwhile},
    {"numbers-taken", numbers_taken},
    {0},
};
