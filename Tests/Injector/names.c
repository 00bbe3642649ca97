#define _GNU_SOURCE
#include "injector.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

#define CALL(name) {#name, SYS_##name}

static const struct {
  const char *name;
  long number;
} calls[] = {
    CALL(access), CALL(arch_prctl), CALL(bind), CALL(brk), CALL(cachestat), CALL(capget), CALL(clock_getres),
    CALL(clock_gettime), CALL(clock_nanosleep), CALL(clone), CALL(clone3), CALL(close), CALL(close_range),
    CALL(connect), CALL(copy_file_range), CALL(dup), CALL(dup2), CALL(dup3), CALL(epoll_create1), CALL(epoll_ctl),
    CALL(epoll_pwait), CALL(epoll_wait), CALL(eventfd2), CALL(execve), CALL(execveat), CALL(exit), CALL(exit_group),
    CALL(faccessat), CALL(faccessat2), CALL(fadvise64), CALL(fallocate), CALL(fchdir), CALL(fchmod), CALL(fchmodat),
    CALL(fchown), CALL(fcntl), CALL(fdatasync), CALL(flock), CALL(fstat), CALL(fstatfs), CALL(fsync), CALL(ftruncate),
    CALL(futex), CALL(get_mempolicy), CALL(get_robust_list), CALL(getcpu), CALL(getcwd), CALL(getdents64),
    CALL(getegid), CALL(geteuid), CALL(getgid), CALL(getpid), CALL(getppid), CALL(getpriority), CALL(getrandom),
    CALL(getrlimit), CALL(getrusage), CALL(gettid), CALL(getuid), CALL(inotify_add_watch), CALL(inotify_init1),
    CALL(io_uring_enter), CALL(io_uring_register), CALL(io_uring_setup), CALL(ioctl), CALL(ioprio_get), CALL(ioprio_set),
    CALL(kill), CALL(link), CALL(linkat), CALL(lseek), CALL(lstat), CALL(madvise), CALL(mbind), CALL(membarrier),
    CALL(memfd_create), CALL(migrate_pages),
    CALL(mincore), CALL(mkdir), CALL(mkdirat), CALL(mlock),
    CALL(mlock2), CALL(mlockall), CALL(mmap), CALL(move_pages), CALL(mprotect), CALL(mremap), CALL(msync),
    CALL(munlock), CALL(munmap), CALL(nanosleep), CALL(newfstatat), CALL(open), CALL(openat), CALL(openat2),
    CALL(pause), CALL(pidfd_open), CALL(pipe), CALL(pipe2), CALL(poll), CALL(ppoll), CALL(prctl), CALL(pread64),
    CALL(preadv), CALL(preadv2), CALL(prlimit64), CALL(process_madvise), CALL(pselect6), CALL(pwrite64), CALL(pwritev),
    CALL(quotactl), CALL(read), CALL(readlink), CALL(readlinkat), CALL(readv), CALL(recvfrom), CALL(recvmsg),
    CALL(rename), CALL(renameat), CALL(renameat2), CALL(restart_syscall), CALL(rseq), CALL(rt_sigaction),
    CALL(rt_sigpending), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(rt_sigsuspend), CALL(rt_sigtimedwait),
    CALL(sched_getaffinity), CALL(sched_getattr), CALL(sched_getparam), CALL(sched_getscheduler),
    CALL(sched_setaffinity), CALL(sched_setattr), CALL(sched_setscheduler), CALL(sched_yield), CALL(select),
    CALL(sendmsg), CALL(sendto), CALL(set_mempolicy), CALL(set_robust_list), CALL(set_tid_address), CALL(setpriority),
    CALL(setrlimit), CALL(setsockopt), CALL(sigaltstack), CALL(signalfd4), CALL(socket), CALL(socketpair), CALL(stat),
    CALL(statfs), CALL(statx), CALL(symlinkat), CALL(sync_file_range), CALL(sysinfo), CALL(tgkill), CALL(timer_create),
    CALL(timerfd_create), CALL(timerfd_settime), CALL(tkill), CALL(truncate), CALL(umask), CALL(uname), CALL(unlink),
    CALL(unlinkat), CALL(userfaultfd), CALL(utimensat), CALL(vfork), CALL(wait4), CALL(waitid), CALL(write),
    CALL(writev),
};

enum { KNOWN = sizeof calls / sizeof *calls };

const char *call_name(int call) {
  static char number[16];
  for (int i = 0; i < KNOWN; i++) {
    if (calls[i].number == call) return calls[i].name;
  }
  snprintf(number, sizeof number, "%d", call);
  return number;
}

long call_number(const char *name) {
  for (int i = 0; i < KNOWN; i++) {
    if (strcmp(calls[i].name, name) == 0) return calls[i].number;
  }
  return *name >= '0' && *name <= '9' ? strtol(name, NULL, 10) : -1;
}

int errno_number(const char *name) {
  for (int number = 1; number < 134; number++) {
    const char *own = strerrorname_np(number);
    if (own && strcmp(own, name) == 0) return number;
  }
  return 0;
}

int signal_number(const char *name) {
  for (int number = 1; number < NSIG; number++) {
    const char *own = sigabbrev_np(number);
    if (own && strcmp(own, name) == 0) return number;
  }
  return 0;
}
