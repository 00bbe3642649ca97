// Calls that fail where no ordinary memory lets them fail.
#define _GNU_SOURCE
#include <ktask.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

static const size_t length = 64 << 20;

static char *map(void) {
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  return memory;
}

// What may not be read is neither looked into nor a signal, whatever pages are there.
static void check_protected(void) {
  char *memory = map();
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  struct ktask_options zero = KTASK_OPTIONS_INITIALIZER;
  zero.ko_flags = KTASK_ZERO;
  CHECK(ktask_populate(memory, length, NULL, NULL) == 0 && ktask_verify(memory, length, &zero, NULL) == 0);
  const size_t part = length / 4 * 3;
  for (size_t from = 0; from <= part; from += part) {
    CHECK(mprotect(memory + from, length - from, PROT_NONE) == 0);
    CHECK(ktask_verify(memory, length, &zero, &result) == -1 && errno == EFAULT);
    CHECK(result.kr_failed_length > 0 && result.kr_failed_offset + result.kr_failed_length > from);
    // to be there is another matter
    CHECK(ktask_verify(memory, length, NULL, &result) == 0 && result.kr_bytes_resident == length);
    CHECK(ktask_populate(memory, length, NULL, NULL) == -1 && ktask_clear(memory, length, NULL, NULL) == -1);
    CHECK(mprotect(memory, length, PROT_READ | PROT_WRITE) == 0);
  }
  CHECK(ktask_verify(memory, length, &zero, NULL) == 0);
  CHECK(mprotect(memory, length, PROT_READ) == 0 && ktask_verify(memory, length, &zero, NULL) == 0);
  CHECK(munmap(memory, length) == 0);
}

static void check_unmapped(void) {
  char *memory = map();
  struct ktask_options zero = KTASK_OPTIONS_INITIALIZER;
  zero.ko_flags = KTASK_ZERO;
  CHECK(ktask_populate(memory, length, NULL, NULL) == 0 && munmap(memory + length / 2, length / 4) == 0);
  CHECK(ktask_verify(memory, length, &zero, NULL) == -1 && errno == ENOMEM);
  CHECK(munmap(memory, length) == 0);
}

// What cannot be told without /proc is not told as something else.
static void check_no_proc(void) {
  if (geteuid() != 0) {
    puts("not checked: a root without /proc, which is root's to make");
    return;
  }
  char folder[] = "/tmp/ktask-test-XXXXXX";
  CHECK(mkdtemp(folder));
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    char *memory = map();
    CHECK(chroot(folder) == 0 && chdir("/") == 0);
    CHECK(ktask_populate(memory, length, NULL, NULL) == 0);
    CHECK(ktask_release(memory, length, NULL, NULL) == -1 && errno == ENOSYS);
    CHECK(ktask_lock(memory, length, NULL, NULL) == -1 && errno == ENOSYS);
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0 && rmdir(folder) == 0);
}

// In a child, whose exit tells.
static void check_in_child(void (*check)(void)) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    check();
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void limit(int resource, size_t bytes) {
  const struct rlimit limit = {bytes, bytes};
  CHECK(setrlimit(resource, &limit) == 0);
}

static int nothing(void *start, void *end, void *arg) {
  (void)start, (void)end, (void)arg;
  return 0;
}

// Where malloc(3) gives nothing at all a call says so, before it does anything.
static void without_heap(void) {
  char *memory = map();
  int file = memfd_create("test", MFD_CLOEXEC);
  struct ktask_node node = {memory, length, KTASK_NO_NODE};
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  DEFINE_KTASK_CTL(ctl, nothing, NULL, MIB);
  size_t pages = 0;
  FILE *size = fopen("/proc/self/statm", "re");
  CHECK(size && fscanf(size, "%zu", &pages) == 1 && fclose(size) == 0);
  limit(RLIMIT_AS, pages * (size_t)sysconf(_SC_PAGESIZE));
  // not what the compiler may leave out
  void *volatile taken;
  for (size_t bytes = MIB; bytes >= 16; bytes /= 2)
    while ((taken = malloc(bytes))) continue;
  CHECK(ktask_run(memory, length, &ctl) == -1 && errno == ENOMEM);
  CHECK(ktask_run_numa(&node, 1, &ctl) == -1 && errno == ENOMEM);
  CHECK(ktask_populate(memory, length, NULL, &result) == -1 && errno == ENOMEM && result.kr_undone == 1);
  CHECK(ktask_clear(memory, 4096, NULL, NULL) == -1 && errno == ENOMEM);
  CHECK(ktask_lock(memory, length, NULL, NULL) == -1 && errno == ENOMEM);
  CHECK(ktask_release(memory, length, NULL, NULL) == -1 && errno == ENOMEM);
  CHECK(ktask_verify(memory, length, NULL, NULL) == -1 && errno == ENOMEM);
  CHECK(ktask_prefault_fd(file, 0, MIB, NULL, NULL) == -1 && errno == ENOMEM);
  CHECK(ktask_plan(length, NULL, &result) == -1 && errno == ENOMEM);
}

static void without_heap_later(void) {
  CHECK(ktask_populate(map(), length, NULL, NULL) == 0);
  without_heap();
}

static size_t locked(void) {
  size_t kilobytes = 0;
  char line[256];
  FILE *status = fopen("/proc/self/status", "re");
  CHECK(status);
  while (fgets(line, sizeof line, status)) (void)sscanf(line, "VmLck: %zu kB", &kilobytes);
  CHECK(fclose(status) == 0);
  return kilobytes << 10;
}

// What the limit refuses changes nothing: what the caller has locked before stays.
static void beyond_limit(void) {
  const size_t before = 16 << 10;
  char *memory = map();
  struct ktask_options options = KTASK_OPTIONS_INITIALIZER;
  limit(RLIMIT_MEMLOCK, 2 * before);
  CHECK((geteuid() != 0 || setuid(65534) == 0) && mlock(memory, before) == 0);
  for (size_t bytes = length; bytes >= 4 * before; bytes = bytes == length ? 4 * before : 0) {
    options.ko_flags = 0;
    CHECK(ktask_lock(memory, bytes, &options, NULL) == -1 && errno == ENOMEM && locked() == before);
    options.ko_flags = KTASK_KEEP;
    CHECK(ktask_lock(memory, bytes, &options, NULL) == -1 && errno == ENOMEM && locked() == before);
  }
}

// From here on mlock(2) fails; mlock2(2), by which the pages are locked as they come, does not.
static void forbid_locking(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mlock, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

// All pages are there by then, and stay: that is told.
static void check_last_lock(void) {
  char *memory = map();
  struct ktask_result result = KTASK_RESULT_INITIALIZER;
  CHECK(ktask_lock(memory, length, NULL, &result) == -1 && errno == EAGAIN);
  CHECK(result.kr_undone == 0 && result.kr_bytes_done == length);
  CHECK(ktask_verify(memory, length, NULL, NULL) == 0);
  CHECK(munmap(memory, length) == 0);
}

int main(void) {
  check_protected();
  check_unmapped();
  check_no_proc();
  check_in_child(without_heap);
  check_in_child(without_heap_later);
  check_in_child(beyond_limit);
  forbid_locking();
  check_last_lock();
  return 0;
}
