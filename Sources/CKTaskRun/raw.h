/*
 * System calls as the kernel has them: the result, or the negative error number. Nothing here is a call of the C
 * library's, since this library stands in front of those: syscall(3) is one of its hooks.
 */
#ifndef KTASK_RUN_RAW_H
#define KTASK_RUN_RAW_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>

static inline long raw_six(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#elif defined(__riscv)
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  register long a3 __asm__("a3") = d;
  register long a4 __asm__("a4") = e;
  register long a5 __asm__("a5") = f;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
  return a0;
#else
#error "how this machine makes a system call is not known here"
#endif
}

#define RAW_PICK(number, a, b, c, d, e, f, ...) \
  raw_six((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* A system call with up to six arguments. */
#define raw(...) RAW_PICK(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

static inline int raw_failed(long result) { return (unsigned long)result >= (unsigned long)-4095; }

/* What the C library makes of a result: errno and -1. */
static inline long answer(long result) {
  if (!raw_failed(result)) return result;
  errno = (int)-result;
  return -1;
}

/* Opens a file for reading, for a moment. */
static inline int raw_open(const char *path) { return (int)raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC); }

#endif
