/* The C library's functions that this library stands in front of. */
#define _GNU_SOURCE
#include "run.h"
#include <dlfcn.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

HOOK void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  return (void *)answer(map_memory((uintptr_t)address, length, protection, flags, file, offset, CALLER));
}

HOOK void *mmap64(void *address, size_t length, int protection, int flags, int file, off64_t offset) {
  return (void *)answer(map_memory((uintptr_t)address, length, protection, flags, file, offset, CALLER));
}

HOOK int mlock(const void *address, size_t length) { return (int)answer(lock_memory((uintptr_t)address, length)); }

HOOK int mlock2(const void *address, size_t length, unsigned flags) {
  return (int)answer(flags ? raw(SYS_mlock2, address, length, flags) : lock_memory((uintptr_t)address, length));
}

HOOK int mlockall(int flags) { return (int)answer(lock_all(flags)); }

HOOK int munlockall(void) { return (int)answer(unlock_all()); }

HOOK int madvise(void *address, size_t length, int advice) {
  return (int)answer(advise_memory((uintptr_t)address, length, advice, CALLER));
}

HOOK ssize_t process_madvise(int process, const struct iovec *vector, size_t count, int advice, unsigned flags) {
  return answer(advise_process(process, vector, count, advice, flags, CALLER));
}

HOOK int fallocate(int file, int mode, off_t offset, off_t length) {
  pthread_testcancel();
  return (int)answer(allocate_file(file, mode, offset, length));
}

HOOK int fallocate64(int file, int mode, off64_t offset, off64_t length) {
  pthread_testcancel();
  return (int)answer(allocate_file(file, mode, offset, length));
}

/* Where a file system cannot do it the C library writes to every block; that is left to it. */
HOOK int posix_fallocate(int file, off_t offset, off_t length) {
  if (offset < 0 || length < 0) return EINVAL;
  long result = allocate_file(file, 0, offset, length);
  if (result != -EOPNOTSUPP) return (int)-result;
  int (*next)(int, off_t, off_t) = (__typeof__(next))dlsym(RTLD_NEXT, "posix_fallocate");
  return next ? next(file, offset, length) : EOPNOTSUPP;
}

HOOK int posix_fallocate64(int file, off64_t offset, off64_t length) { return posix_fallocate(file, offset, length); }

HOOK int ioctl(int file, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  return (int)answer(control_device(file, request, argument));
}

static long control_process_raw(int option, long a, long b, long c, long d) {
  // without a filter it is a question whether there are any
  bool is_strict = a == SECCOMP_MODE_STRICT, filters = option == PR_SET_SECCOMP && (is_strict || b);
  return filters ? install_filter(is_strict, SYS_prctl, option, a, b, c, d) : raw(SYS_prctl, option, a, b, c, d);
}

HOOK int prctl(int option, ...) {
  va_list arguments;
  va_start(arguments, option);
  long a = va_arg(arguments, long), b = va_arg(arguments, long), c = va_arg(arguments, long);
  long d = va_arg(arguments, long);
  va_end(arguments);
  return (int)answer(control_process_raw(option, a, b, c, d));
}

static long set_seccomp(long operation, long flags, long argument) {
  bool is_strict = operation == SECCOMP_SET_MODE_STRICT;
  bool filters = is_strict || (operation == SECCOMP_SET_MODE_FILTER && argument);
  return filters ? install_filter(is_strict, SYS_seccomp, operation, flags, argument, 0, 0)
                 : raw(SYS_seccomp, operation, flags, argument);
}

static long call_by_number(long number, long a, long b, long c, long d, long e, long f, const void *caller) {
  switch (number) {
  case SYS_mmap: return map_memory((uintptr_t)a, (size_t)b, (int)c, (int)d, (int)e, f, caller);
  case SYS_mlock: return lock_memory((uintptr_t)a, (size_t)b);
  case SYS_mlock2: return (int)c ? raw(number, a, b, c) : lock_memory((uintptr_t)a, (size_t)b);
  case SYS_mlockall: return lock_all((int)a);
  case SYS_munlockall: return unlock_all();
  case SYS_madvise: return advise_memory((uintptr_t)a, (size_t)b, (int)c, caller);
  case SYS_process_madvise:
    return advise_process((int)a, (const void *)b, (size_t)c, (int)d, (unsigned)e, caller);
  case SYS_fallocate: return allocate_file((int)a, (int)b, c, d);
  case SYS_ioctl: return control_device((int)a, (unsigned long)b, (void *)c);
  case SYS_prctl: return control_process_raw((int)a, b, c, d, e);
  case SYS_seccomp: return set_seccomp(a, b, c);
  default: return raw(number, a, b, c, d, e, f);
  }
}

/* Integers are handed over in the same places whether a function's arguments vary or not. */
HOOK long call_of_any_kind(long number, long a, long b, long c, long d, long e, long f) __asm__("syscall");

HOOK long call_of_any_kind(long number, long a, long b, long c, long d, long e, long f) {
  return answer(call_by_number(number, a, b, c, d, e, f, CALLER));
}

static _Noreturn void end(int status) {
  write_report();
  for (;;) raw(SYS_exit_group, status);
}

HOOK _Noreturn void _exit(int status) { end(status); }

HOOK _Noreturn void _Exit(int status) { end(status); }
