// Memory calls on the caller's own mappings and files: what they make, what they leave when they fail.
#define _GNU_SOURCE
#include <fcntl.h>
#include <ktask.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"

static size_t page;

static size_t resident(void *address, size_t length) {
  unsigned char *pages = malloc(length / page);
  CHECK(pages && mincore(address, length, pages) == 0);
  size_t count = 0;
  for (size_t i = 0; i < length / page; i++) count += pages[i] & 1;
  free(pages);
  return count * page;
}

static char *map(size_t length, int flags) {
  char *address = mmap(NULL, length, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, -1, 0);
  CHECK(address != MAP_FAILED);
  CHECK(madvise(address, length, MADV_NOHUGEPAGE) == 0);
  return address;
}

static void check_success(void) {
  const size_t length = 96 * MIB;
  char *memory = map(length, MAP_PRIVATE | MAP_ANONYMOUS);
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;

  CHECK(ktask_verify(memory, length, NULL, &result) == -1 && errno == ENODATA && result.kr_bytes_resident == 0);
  CHECK(resident(memory, length) == 0);
  CHECK(ktask_populate(memory, length, NULL, &result) == 0);
  CHECK(result.kr_bytes_done == length && result.kr_undone == 1 && result.kr_threads >= 1);
  CHECK(resident(memory, length) == length);
  CHECK(ktask_verify(memory, length, NULL, &result) == 0 && result.kr_bytes_resident == length);

  memory[33 * MIB + 5] = 1;
  options.ko_flags = KTASK_ZERO;
  CHECK(ktask_verify(memory, length, &options, &result) == -1 && errno == EILSEQ);
  CHECK(result.kr_failed_offset == 33 * MIB + 5);
  CHECK(ktask_populate(memory, length, NULL, NULL) == 0 && memory[33 * MIB + 5] == 1);
  CHECK(ktask_clear(memory, length, NULL, &result) == 0);
  CHECK(ktask_verify(memory, length, &options, &result) == 0);

  CHECK(madvise(memory + 50 * MIB, page, MADV_DONTNEED) == 0);
  CHECK(ktask_verify(memory, length, NULL, &result) == -1 && errno == ENODATA);
  CHECK(result.kr_failed_offset == 50 * MIB && result.kr_bytes_resident == length - page);
  CHECK(ktask_release(memory, length, NULL, NULL) == 0 && resident(memory, length) == 0);

  CHECK(ktask_plan(length, NULL, &result) == 0 && result.kr_threads >= 1 && result.kr_chunk > 0);
  CHECK(resident(memory, length) == 0);
  // no time at all
  options = (struct ktask_options)KTASK_OPTIONS_INITIALIZER;
  options.ko_timeout_ns = 1;
  CHECK(ktask_populate(memory, length, &options, &result) == -1 && errno == ETIMEDOUT);
  CHECK(result.kr_undone == 1 && resident(memory, length) == 0);
  CHECK(munmap(memory, length) == 0);
}

static void check_arguments(void) {
  char *memory = map(MIB, MAP_PRIVATE | MAP_ANONYMOUS);
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  CHECK(ktask_populate(memory + 1, page, NULL, NULL) == -1 && errno == EINVAL);
  CHECK(ktask_populate(memory, page + 1, NULL, NULL) == -1 && errno == EINVAL);
  CHECK(ktask_populate(memory, (size_t)-1 / page * page, NULL, NULL) == -1 && errno == EINVAL);
  options.ko_size = 1;
  CHECK(ktask_populate(memory, page, &options, NULL) == -1 && errno == EINVAL);
  // an older header's options
  options.ko_size = offsetof(struct ktask_options, ko_page_size);
  CHECK(ktask_populate(memory, page, &options, NULL) == 0);
  options = (struct ktask_options)KTASK_OPTIONS_INITIALIZER;
  options.ko_page_size = 12345;
  options.ko_threads = 2;
  CHECK(ktask_populate(memory, MIB, &options, NULL) == -1 && errno == EINVAL);
  CHECK(ktask_populate(memory, 0, NULL, NULL) == 0);
  CHECK(munmap(memory, MIB) == 0);
}

// A hole in the address space makes the call fail; what was there, and what anybody wrote, stays.
static void check_undo(int flags, size_t length) {
  char *memory = map(length, flags);
  size_t hole = length - 4 * page;
  CHECK(munmap(memory + hole, page) == 0);
  memory[3 * page] = 'x';
  memory[hole / 2] = 0;  // there, and zero
  const size_t before = 2 * page;
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  CHECK(ktask_populate(memory, length, NULL, &result) == -1 && errno == ENOMEM);
  CHECK(resident(memory, hole) == before && memory[3 * page] == 'x' && result.kr_undone == 1);
  CHECK(result.kr_failed_length > 0 && result.kr_failed_offset <= hole);
  CHECK(result.kr_failed_offset + result.kr_failed_length > hole);
  CHECK(ktask_clear(memory, length, NULL, &result) == -1 && errno == ENOMEM);
  CHECK(resident(memory, hole) == before);
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  options.ko_flags = KTASK_KEEP;
  CHECK(ktask_populate(memory, length, &options, &result) == -1 && errno == ENOMEM && result.kr_bytes_undone == 0);
  CHECK(munmap(memory, length) == 0);
}

static size_t locked(void) {
  size_t kilobytes = 0;
  char line[256];
  FILE *status = fopen("/proc/self/status", "re");
  CHECK(status);
  while (fgets(line, sizeof line, status)) (void)sscanf(line, "VmLck: %zu kB", &kilobytes);
  fclose(status);
  return kilobytes << 10;
}

static void check_lock(void) {
  const size_t length = 64 * MIB;
  char *memory = map(length, MAP_PRIVATE | MAP_ANONYMOUS);
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  CHECK(ktask_lock(memory, length, NULL, &result) == 0);
  CHECK(resident(memory, length) == length && locked() == length);
  CHECK(munlock(memory, length) == 0 && ktask_release(memory, length, NULL, NULL) == 0);
  // a hole: nothing stays locked, and nothing that was made
  CHECK(munmap(memory + length - page, page) == 0);
  CHECK(ktask_lock(memory, length, NULL, &result) == -1 && errno == ENOMEM);
  CHECK(locked() == 0 && resident(memory, length - page) == 0);
  CHECK(munmap(memory, length - page) == 0);
}

static void check_file(void) {
  const size_t length = 64 * MIB;
  int file = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  CHECK(file >= 0);
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  struct stat status;
  CHECK(ktask_prefault_fd(file, 0, length, NULL, &result) == 0);
  CHECK(fstat(file, &status) == 0 && (size_t)status.st_size == length && (size_t)status.st_blocks * 512 == length);

  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  CHECK(memory != MAP_FAILED);
  memory[5] = 'x';
  CHECK(ktask_prefault_fd(file, 0, length, NULL, &result) == 0 && memory[5] == 'x');
  CHECK(ktask_release(memory, length, NULL, NULL) == 0);
  CHECK(fstat(file, &status) == 0 && status.st_blocks == 0 && (size_t)status.st_size == length);

  // it may not grow, or be written
  CHECK(fcntl(file, F_ADD_SEALS, F_SEAL_GROW) == 0);
  CHECK(ktask_prefault_fd(file, length, length, NULL, &result) == -1 && errno == EPERM);
  CHECK(fstat(file, &status) == 0 && (size_t)status.st_size == length);
  CHECK(ktask_prefault_fd(file, 1, page, NULL, &result) == -1 && errno == EINVAL);
  int zero = open("/dev/zero", O_RDWR | O_CLOEXEC), disk = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  CHECK(zero >= 0 && disk >= 0);
  CHECK(ktask_prefault_fd(zero, 0, page, NULL, &result) == -1 && errno == EOPNOTSUPP);
  CHECK(ktask_prefault_fd(disk, 0, page, NULL, &result) == -1 && errno == EOPNOTSUPP);
  CHECK(ktask_prefault_fd(-1, 0, page, NULL, &result) == -1 && errno == EBADF);
  CHECK(munmap(memory, length) == 0 && close(file) == 0 && close(zero) == 0 && close(disk) == 0);
}

// Out of time in the middle: what was there stays, what came goes, and the file is as long as it was.
static void check_file_undo(void) {
  int file = memfd_create("test", MFD_CLOEXEC);
  CHECK(file >= 0 && ftruncate(file, (off_t)(8 * page)) == 0 && pwrite(file, "x", 1, (off_t)(4 * page)) == 1);
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  struct ktask_watch watch = KTASK_WATCH_INITIALIZER;
  ktask_cancel(&watch);
  options.ko_watch = &watch;
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  struct stat status;
  CHECK(ktask_prefault_fd(file, 0, 64 * MIB, &options, &result) == -1 && errno == ECANCELED);
  CHECK(fstat(file, &status) == 0 && (size_t)status.st_size == 8 * page && (size_t)status.st_blocks * 512 == page);
  CHECK(close(file) == 0);
}

int main(void) {
  page = (size_t)sysconf(_SC_PAGESIZE);
  check_success();
  check_arguments();
  check_undo(MAP_PRIVATE | MAP_ANONYMOUS, 128 * page);
  check_undo(MAP_SHARED | MAP_ANONYMOUS, 128 * page);
  check_undo(MAP_PRIVATE | MAP_ANONYMOUS, 128 * MIB);
  check_undo(MAP_SHARED | MAP_ANONYMOUS, 128 * MIB);
  check_lock();
  check_file();
  check_file_undo();
  return 0;
}
