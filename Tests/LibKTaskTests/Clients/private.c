// Mappings of files that fail half-way: what is told of pages that nobody can tell apart, and that nothing is lost.
#define _GNU_SOURCE
#include <fcntl.h>
#include <ktask.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "check.h"

static const size_t length = 64 << 20;
static struct ktask_watch watch;

static char *map(int file, size_t bytes, int protection, int flags) {
  char *memory = mmap(NULL, bytes, protection, flags, file, 0);
  CHECK(memory != MAP_FAILED);
  return memory;
}

static void fill(int file, char content) {
  char block[1 << 16];
  memset(block, content, sizeof block);
  for (size_t at = 0; at < length; at += sizeof block)
    CHECK(pwrite(file, block, sizeof block, (off_t)at) == sizeof block);
}

static int on_disk(void) {
  char name[] = "/var/tmp/ktask-test-XXXXXX";
  int file = mkstemp(name);
  CHECK(file >= 0 && unlink(name) == 0);
  return file;
}

// Beyond the file's end: all before it is made by then.
static struct ktask_result beyond_end(int file, int protection, int flags, unsigned asked) {
  char *memory = map(file, length + MIB, protection, flags);
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  options.ko_flags = asked;
  options.ko_threads = 1;
  options.ko_min_chunk = 2 * MIB;
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  CHECK(ktask_populate(memory, length + MIB, &options, &result) == -1 && errno == EFAULT && result.kr_bytes_done > 0);
  CHECK(munmap(memory, length + MIB) == 0);
  return result;
}

static void check_copies(void) {
  int memory = memfd_create("test", MFD_CLOEXEC), disk = on_disk();
  CHECK(memory >= 0);
  fill(memory, 'x');
  fill(disk, 'x');
  CHECK(beyond_end(memory, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0).kr_undone == 0);
  CHECK(beyond_end(disk, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0).kr_undone == 0);
  // by reading there are none
  CHECK(beyond_end(disk, PROT_READ | PROT_WRITE, MAP_PRIVATE, KTASK_READ).kr_undone == 1);
  CHECK(beyond_end(disk, PROT_READ, MAP_PRIVATE, KTASK_READ).kr_undone == 1);
  CHECK(beyond_end(disk, PROT_READ | PROT_WRITE, MAP_SHARED, 0).kr_undone == 1);
  CHECK(close(memory) == 0 && close(disk) == 0);
}

static void *clears(void *arg) {
  while (__atomic_load_n(&watch.kw_done, __ATOMIC_RELAXED) == 0) continue;
  *(volatile char *)arg = 0;
  ktask_cancel(&watch);
  return NULL;
}

// Zeros that somebody has written over what the file has are no less than anything else.
static void check_zeros(void) {
  int file = on_disk();
  fill(file, 0);
  CHECK(pwrite(file, "x", 1, 0) == 1 && fsync(file) == 0);
  CHECK(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0);
  char *memory = map(file, length, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  watch = (struct ktask_watch)KTASK_WATCH_INITIALIZER;
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  options.ko_watch = &watch;
  options.ko_threads = 1;
  options.ko_min_chunk = 2 * MIB;
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, clears, memory) == 0);
  CHECK(ktask_populate(memory, length, &options, &result) == -1 && errno == ECANCELED);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(memory[0] == 0 && result.kr_undone == 0);
  CHECK(munmap(memory, length) == 0 && close(file) == 0);
}

// Anonymous memory in an older way.
static void check_zero_device(void) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), part = 32 * page;
  int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
  CHECK(zero >= 0);
  char *memory = map(zero, 2 * part, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  CHECK(munmap(memory + part, part) == 0);
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  unsigned char there[32] = "";
  CHECK(ktask_populate(memory, 2 * part, NULL, &result) == -1 && errno == ENOMEM && result.kr_undone == 1);
  CHECK(mincore(memory, part, there) == 0 && !memchr(there, 1, sizeof there));
  CHECK(munmap(memory, part) == 0 && close(zero) == 0);
}

// A file of memory on a file system that is mounted nowhere: its pages stay, and nobody says that they are a disk's.
static void check_mounted_nowhere(void) {
  int system = (int)syscall(SYS_fsopen, "tmpfs", 1);
  if (system == -1) {
    CHECK(errno == EPERM || errno == ENOSYS);
    puts("not checked: a file system that is mounted nowhere");
    return;
  }
  CHECK(syscall(SYS_fsconfig, system, 6, NULL, NULL, 0) == 0);
  int mount = (int)syscall(SYS_fsmount, system, 1, 0);
  CHECK(mount >= 0);
  int file = openat(mount, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK(file >= 0 && ftruncate(file, (off_t)length) == 0);
  CHECK(beyond_end(file, PROT_READ | PROT_WRITE, MAP_SHARED, 0).kr_undone == 0);
  // nor that they have been given back
  char *memory = map(file, length, PROT_READ | PROT_WRITE, MAP_SHARED);
  memory[0] = 'x';
  CHECK(ktask_release(memory, length, NULL, NULL) == -1 && errno == EOPNOTSUPP && memory[0] == 'x');
  CHECK(munmap(memory, length) == 0);
  CHECK(close(file) == 0 && close(mount) == 0 && close(system) == 0);
}

int main(void) {
  check_copies();
  check_zeros();
  check_zero_device();
  check_mounted_nowhere();
  return 0;
}
