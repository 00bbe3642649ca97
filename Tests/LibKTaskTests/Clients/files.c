// ktask_prefault_fd() that fails: the file has its earlier end again, unless somebody needs the new one, and that is told.
#define _GNU_SOURCE
#include <fcntl.h>
#include <ktask.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

static const size_t length = 256 << 20;
static struct ktask_watch watch;
static struct ktask_options options;

static size_t size_of(int file) {
  struct stat status;
  CHECK(fstat(file, &status) == 0);
  return (size_t)status.st_size;
}

static void prepare(void) {
  watch = (struct ktask_watch)KTASK_WATCH_INITIALIZER;
  options = (struct ktask_options)KTASK_OPTIONS_INITIALIZER;
  options.ko_watch = &watch;
  options.ko_threads = 1;
}

static struct ktask_result cancelled(int file, size_t offset, size_t bytes) {
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  CHECK(ktask_prefault_fd(file, offset, bytes, &options, &result) == -1 && errno == ECANCELED);
  return result;
}

// What another thread does with the file in the midst of the call.
struct other {
  int file;
  const char *content;
  off_t at;
};

static void *writes(void *arg) {
  const struct other *other = arg;
  while (__atomic_load_n(&watch.kw_done, __ATOMIC_RELAXED) == 0) continue;
  CHECK(pwrite(other->file, other->content, 1, other->at) == 1);
  ktask_cancel(&watch);
  return NULL;
}

static struct ktask_result written(int file, size_t offset, const char *content, off_t at) {
  prepare();
  struct other other = {file, content, at};
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, writes, &other) == 0);
  struct ktask_result result = cancelled(file, offset, length);
  CHECK(pthread_join(thread, NULL) == 0);
  return result;
}

static void check_content(int file, off_t at, char content) {
  char found = 0;
  CHECK(pread(file, &found, 1, at) == 1 && found == content);
}

// Behind the earlier end: on a page that the call made, on one that it did not, on the page that the end is in.
static void check_written_meanwhile(void) {
  static const struct { size_t size, offset; off_t at; } cases[] = {
      {0, 0, 5}, {4096, 0, 8192}, {0, 1 << 20, 8192}, {100, 1 << 20, 200}, {100, 0, 200}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int file = memfd_create("test", MFD_CLOEXEC);
    CHECK(file >= 0 && ftruncate(file, (off_t)cases[i].size) == 0 && lseek(file, 77, SEEK_SET) == 77);
    struct ktask_result result = written(file, cases[i].offset, "x", cases[i].at);
    CHECK(result.kr_undone == 0 && size_of(file) == cases[i].offset + length);
    check_content(file, cases[i].at, 'x');
    // its position is the client's
    CHECK(lseek(file, 0, SEEK_CUR) == 77 && close(file) == 0);
  }
}

// Before the earlier end, or nothing but zeros, which are no less there when the file is short again.
static void check_nothing_lost(void) {
  int file = memfd_create("test", MFD_CLOEXEC);
  CHECK(file >= 0 && ftruncate(file, 8192) == 0);
  CHECK(written(file, 0, "x", 5).kr_undone == 0 && size_of(file) == 8192);
  check_content(file, 5, 'x');
  CHECK(written(file, 0, "", 1 << 20).kr_undone == 1 && size_of(file) == 8192);
  CHECK(close(file) == 0);
}

// It may not become shorter, or is kept as it is.
static void check_stays(void) {
  int file = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  CHECK(file >= 0 && fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
  prepare();
  ktask_cancel(&watch);
  CHECK(cancelled(file, 0, length).kr_undone == 0 && size_of(file) == length);
  CHECK(close(file) == 0);

  file = memfd_create("test", MFD_CLOEXEC);
  CHECK(file >= 0);
  prepare();
  options.ko_flags = KTASK_KEEP;
  struct other other = {file, "", length - 1};
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, writes, &other) == 0);
  struct ktask_result result = cancelled(file, 0, length);
  CHECK(pthread_join(thread, NULL) == 0 && result.kr_undone == 0);
  struct stat status;
  CHECK(fstat(file, &status) == 0 && (size_t)status.st_size == length);
  CHECK((size_t)status.st_blocks * 512 >= result.kr_bytes_done && result.kr_bytes_done > 0);
  CHECK(close(file) == 0);
}

// Whose descriptor is not for reading and writing is told so, whether the file must grow or not.
static void check_access(void) {
  char name[] = "/dev/shm/ktask-test-XXXXXX";
  int file = mkstemp(name);
  CHECK(file >= 0);
  const int reading = open(name, O_RDONLY | O_CLOEXEC), writing = open(name, O_WRONLY | O_CLOEXEC);
  CHECK(reading >= 0 && writing >= 0 && unlink(name) == 0);
  for (size_t size = 0; size <= MIB; size += MIB) {
    CHECK(ftruncate(file, (off_t)size) == 0);
    CHECK(ktask_prefault_fd(reading, 0, MIB, NULL, NULL) == -1 && errno == EACCES);
    CHECK(ktask_prefault_fd(writing, 0, MIB, NULL, NULL) == -1 && errno == EACCES);
    CHECK(size_of(file) == size);
  }
  CHECK(close(file) == 0 && close(reading) == 0 && close(writing) == 0);
}

// Who has lost the right to the file is told nothing of its pages, and does not say that none was added.
static void check_not_told(void) {
  if (geteuid() != 0) {
    puts("not checked: a file whose owner the caller is no more");
    return;
  }
  int file = memfd_create("test", MFD_CLOEXEC);
  CHECK(file >= 0 && fchmod(file, 0600) == 0 && ftruncate(file, (off_t)length) == 0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(setgid(65534) == 0 && setuid(65534) == 0);
    CHECK(written(file, 0, "x", 5).kr_undone == 0);
    struct stat status;
    CHECK(fstat(file, &status) == 0 && status.st_blocks * 512 > 4096);
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0 && close(file) == 0);
}

int main(void) {
  check_not_told();
  check_written_meanwhile();
  check_nothing_lost();
  check_stays();
  check_access();
  return 0;
}
