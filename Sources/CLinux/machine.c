#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(unsigned long) == sizeof(uint64_t), "a CPU mask's word has 64 bits");

const char *clinux_errno_name(int code) { return strerrorname_np(code); }

int clinux_affinity_get(uint64_t *mask, size_t words) {
  return sched_getaffinity(0, words * sizeof *mask, (cpu_set_t *)mask) == 0 ? 0 : errno;
}

int clinux_affinity_set(int thread, const uint64_t *mask, size_t words) {
  return sched_setaffinity(thread, words * sizeof *mask, (const cpu_set_t *)mask) == 0 ? 0 : errno;
}

int clinux_current_cpu(void) {
  int cpu = sched_getcpu();
  return cpu < 0 ? 0 : cpu;
}

static uint64_t nanoseconds(clockid_t clock) {
  struct timespec now = {0};
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clinux_monotonic_ns(void) { return nanoseconds(CLOCK_MONOTONIC); }

uint64_t clinux_thread_ns(void) { return nanoseconds(CLOCK_THREAD_CPUTIME_ID); }

int clinux_resource_limit(int resource, uint64_t *soft, uint64_t *hard) {
  // what no limit is: one that was not told
  struct rlimit limit = {.rlim_cur = 1, .rlim_max = 0};
  if (getrlimit(resource, &limit) != 0) return errno;
  if (limit.rlim_cur > limit.rlim_max) return EPROTO;
  *soft = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
  *hard = limit.rlim_max == RLIM_INFINITY ? UINT64_MAX : limit.rlim_max;
  return 0;
}

int clinux_effective_capabilities(uint64_t *bits) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
  if (syscall(SYS_capget, &header, data) != 0) return errno;
  *bits = data[0].effective | (uint64_t)data[1].effective << 32;
  return 0;
}

static uint64_t microseconds(struct timeval time) {
  return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

int clinux_cpu_time(uint64_t *user, uint64_t *system) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0) return errno;
  *user = microseconds(usage.ru_utime);
  *system = microseconds(usage.ru_stime);
  return 0;
}

static struct flock byte_lock(short type, int64_t first, int64_t end) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = end - first};
}

int clinux_claim(int fd) {
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return answer(fcntl(fd, F_OFD_SETLK, &all));
}

int clinux_claimed_by_reader(int fd, bool *by_reader) {
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(fd, F_OFD_GETLK, &all) == -1) return errno;
  *by_reader = all.l_type == F_RDLCK;
  return 0;
}

int clinux_byte_take(int fd, int64_t byte) {
  struct flock mine = byte_lock(F_RDLCK, byte, byte + 1);
  if (fcntl(fd, F_OFD_SETLK, &mine) == -1) return errno;
  int64_t first = byte, end = byte + 1;
  int error = clinux_bytes_taken(fd, &first, &end);
  if (error == 0 && first == end) return 0;
  clinux_byte_release(fd, byte);
  return error != 0 ? error : EAGAIN;
}

int clinux_byte_release(int fd, int64_t byte) {
  struct flock none = byte_lock(F_UNLCK, byte, byte + 1);
  return answer(fcntl(fd, F_OFD_SETLK, &none));
}

int clinux_bytes_taken(int fd, int64_t *first, int64_t *end) {
  struct flock wish = byte_lock(F_WRLCK, *first, *end);
  if (fcntl(fd, F_OFD_GETLK, &wish) == -1) return errno;
  if (wish.l_type == F_UNLCK) {
    *end = *first;
    return 0;
  }
  // a lock may begin before what was asked for, and end after it, or nowhere (0)
  if (wish.l_len != 0 && wish.l_start + wish.l_len < *end) *end = wish.l_start + wish.l_len;
  if (wish.l_start > *first) *first = wish.l_start;
  return 0;
}

int clinux_thp_setting(enum clinux_thp *setting) {
  int flags = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0);
  if (flags == -1) return errno;
  const int disabled = 1, except_advised = 1 << 1;
  *setting = !(flags & disabled) ? CLINUX_THP_ON : flags & except_advised ? CLINUX_THP_ADVISED : CLINUX_THP_OFF;
  return 0;
}

int clinux_thp_allow(void) { return answer(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0)); }
