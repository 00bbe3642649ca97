// What older kernels do not tell: PROCMAP_QUERY came with Linux 6.11, cachestat(2) with 6.5. A filter takes them away.
#define _GNU_SOURCE
#include <fcntl.h>
#include <ktask.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "check.h"

enum { CACHESTAT = 451, QUERY_SIZE = 104 };

static void become_older(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CACHESTAT, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)_IOC(_IOC_READ | _IOC_WRITE, 'f', 17, QUERY_SIZE), 2, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

// In front of the C library's: how often the lists of mappings are read from their beginning.
static int lists, long_lists;

FILE *fopen(const char *path, const char *mode) {
  lists += !strcmp(path, "/proc/self/maps");
  long_lists += !strcmp(path, "/proc/self/smaps");
  int file = open(path, *mode == 'r' ? O_RDONLY | O_CLOEXEC : O_RDWR | O_CLOEXEC);
  return file == -1 ? NULL : fdopen(file, mode);
}

static const size_t page = 4096, mappings = 1000;

// The list is read for many of them at a time, and of anonymous memory the long one is not.
static void check_many(void) {
  char *memory = mmap(NULL, mappings * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  for (size_t i = 0; i < mappings; i += 2) CHECK(mprotect(memory + i * page, page, PROT_READ) == 0);
  memory[page] = 'x';
  CHECK(ktask_lock(memory, mappings * page, NULL, NULL) == 0 && munlock(memory, mappings * page) == 0);
  CHECK(ktask_release(memory, mappings * page, NULL, NULL) == 0 && memory[page] == 0);
  CHECK(lists > 0 && lists < 40 && long_lists == 0);
  // a hole in their midst
  CHECK(munmap(memory + 501 * page, page) == 0);
  CHECK(ktask_release(memory, mappings * page, NULL, NULL) == -1 && errno == ENOMEM);
  CHECK(munmap(memory, mappings * page) == 0);
}

static void check_file(void) {
  int file = memfd_create("test", MFD_CLOEXEC);
  CHECK(file >= 0 && ftruncate(file, (off_t)MIB) == 0 && pwrite(file, "x", 1, 0) == 1);
  char *memory = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  struct stat status;
  CHECK(memory != MAP_FAILED && ktask_release(memory, MIB, NULL, NULL) == 0);
  CHECK(fstat(file, &status) == 0 && status.st_blocks == 0);
  CHECK(munmap(memory, MIB) == 0 && close(file) == 0);
}

static struct ktask_watch watch = KTASK_WATCH_INITIALIZER;
static size_t made;

int madvise(void *address, size_t bytes, int advice) {
  if (advice == MADV_POPULATE_WRITE && (made += bytes) >= 16 * MIB) ktask_cancel(&watch);
  return (int)syscall(SYS_madvise, address, bytes, advice);
}

// Which pages a file had is known where it had none; bytes that it has after the call was cancelled.
static size_t left_in(int file, int undone) {
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  struct stat status;
  watch.kw_cancelled = 0;
  made = 0;
  options.ko_watch = &watch;
  options.ko_threads = 1;
  options.ko_min_chunk = 2 * MIB;
  CHECK(ktask_prefault_fd(file, 0, 64 * MIB, &options, &result) == -1 && errno == ECANCELED);
  CHECK(result.kr_bytes_done > 0 && result.kr_undone == undone && fstat(file, &status) == 0);
  return (size_t)status.st_blocks * 512;
}

static void check_undo(void) {
  int file = memfd_create("test", MFD_CLOEXEC);
  CHECK(file >= 0 && ftruncate(file, (off_t)(64 * MIB)) == 0);
  CHECK(left_in(file, 1) == 0);
  CHECK(pwrite(file, "x", 1, (off_t)(63 * MIB)) == 1);
  CHECK(left_in(file, 0) >= 16 * MIB);
  CHECK(close(file) == 0);
}

int main(void) {
  become_older();
  check_many();
  check_file();
  check_undo();
  return 0;
}
