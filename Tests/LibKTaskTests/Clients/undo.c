// Calls that are cancelled in the midst of their work: what is taken back is the call's own, and what somebody writes
// meanwhile stays.
#define _GNU_SOURCE
#include <fcntl.h>
#include <ktask.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "check.h"

static const size_t length = 64 << 20;
static struct ktask_watch watch;
static struct ktask_options options;

// In front of the C library's: the call is cancelled when it has made some pages, and what is given back is seen.
static size_t made;
static char *other;

int madvise(void *address, size_t bytes, int advice) {
  if (advice == MADV_POPULATE_WRITE && (made += bytes) >= length / 4) ktask_cancel(&watch);
  // a page that is to come a little later
  if ((advice == MADV_DONTNEED || advice == MADV_REMOVE) && other) *other = 'x';
  return (int)syscall(SYS_madvise, address, bytes, advice);
}

static void prepare(void) {
  made = 0;
  watch = (struct ktask_watch)KTASK_WATCH_INITIALIZER;
  options = (struct ktask_options)KTASK_OPTIONS_INITIALIZER;
  options.ko_watch = &watch;
  options.ko_threads = 1;
  options.ko_min_chunk = 2 * MIB;
}

static size_t allocated(int file) {
  struct stat status;
  CHECK(fstat(file, &status) == 0);
  return (size_t)status.st_blocks * 512;
}

static char *map(int file) {
  int flags = file == -1 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, file, 0);
  CHECK(memory != MAP_FAILED && madvise(memory, length, MADV_NOHUGEPAGE) == 0);
  return memory;
}

static struct ktask_result cancelled(int file, char *memory) {
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  prepare();
  int answer = memory ? ktask_populate(memory, length, &options, &result)
                      : ktask_prefault_fd(file, 0, length, &options, &result);
  CHECK(answer == -1 && errno == ECANCELED && result.kr_bytes_done > 0);
  return result;
}

// What fallocate(2) has reserved is there, though nobody has cleared it.
static void check_reserved(void) {
  int file = memfd_create("test", MFD_CLOEXEC);
  CHECK(file >= 0 && ftruncate(file, (off_t)length) == 0);
  CHECK(cancelled(file, NULL).kr_undone == 1 && allocated(file) == 0);
  CHECK(fallocate(file, 0, 0, (off_t)length) == 0 && allocated(file) == length);
  CHECK(cancelled(file, NULL).kr_undone == 0 && allocated(file) == length);
  CHECK(close(file) == 0);

  // whoever has a mapping only cannot know
  file = memfd_create("test", MFD_CLOEXEC);
  CHECK(file >= 0 && fallocate(file, 0, 0, (off_t)length) == 0);
  char *memory = map(file);
  CHECK(cancelled(file, memory).kr_undone == 0 && allocated(file) == length);
  CHECK(munmap(memory, length) == 0 && close(file) == 0);
}

// Written when what comes before it is given back: looked into after that, and kept.
static void check_written(int file) {
  char *memory = map(file);
  other = memory + MIB;
  CHECK(cancelled(file, file == -1 ? memory : NULL).kr_undone == 0);
  CHECK(*other == 'x');
  other = NULL;
  CHECK(munmap(memory, length) == 0);
}

int main(void) {
  check_reserved();
  check_written(-1);
  int file = memfd_create("test", MFD_CLOEXEC);
  CHECK(file >= 0 && ftruncate(file, (off_t)length) == 0);
  check_written(file);
  CHECK(close(file) == 0);
  return 0;
}
