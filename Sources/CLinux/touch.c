// Touching memory from user space: what faults raises SIGBUS, which each thread catches for itself.
#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

static __thread sigjmp_buf escape;
static __thread volatile sig_atomic_t armed;
static __thread volatile int fault;

static void on_sigbus(int number, siginfo_t *info, void *context) {
  (void)context;
  if (!armed) {  // not ours: die of it as if there were no handler
    signal(number, SIG_DFL);
    return;
  }
  armed = 0;
  fault = info->si_code == BUS_MCEERR_AR || info->si_code == BUS_MCEERR_AO ? EHWPOISON : EFAULT;
  siglongjmp(escape, 1);
}

int clinux_catch_sigbus(void) {
  struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  return answer(sigaction(SIGBUS, &action, NULL));
}

// Runs BODY; a SIGBUS inside makes the enclosing function return its errno. SA_NODEFER: the mask needs no restoring.
#define GUARDED(BODY)              \
  do {                             \
    if (sigsetjmp(escape, 0)) return fault; \
    armed = 1;                     \
    BODY;                          \
    armed = 0;                     \
  } while (0)

static void touch(uintptr_t address, size_t length, size_t stride, bool writing) {
  for (size_t at = 0; at < length; at += stride) {
    // volatile: the optimizer knows that or with 0 changes nothing, and would leave it out
    volatile unsigned char *byte = (volatile unsigned char *)(address + at);
    if (writing) __atomic_fetch_or(byte, 0, __ATOMIC_RELAXED);
    else (void)*byte;
  }
}

int clinux_touch(uintptr_t address, size_t length, size_t stride, bool writing) {
  GUARDED(touch(address, length, stride, writing));
  return 0;
}

#if defined(__x86_64__)
static void rep_stosb(void *start, size_t length) {
  __asm__ volatile("rep stosb" : "+D"(start), "+c"(length) : "a"(0) : "memory");
}

__attribute__((target("avx512f"))) static void nontemporal512(char *at, size_t length) {
  __m512i zero = _mm512_setzero_si512();
  for (char *end = at + length; at < end; at += 256)
    for (int line = 0; line < 4; line++) _mm512_stream_si512((void *)(at + line * 64), zero);
}

static void nontemporal128(char *at, size_t length) {
  __m128i zero = _mm_setzero_si128();
  for (char *end = at + length; at < end; at += 64)
    for (int part = 0; part < 4; part++) _mm_stream_si128((__m128i *)(at + part * 16), zero);
}

// The compiler's own question, __builtin_cpu_supports, brings a constructor along, and a library is to run nothing before main.
static bool has_avx512(void) {
  static _Atomic int known;  // 0: not yet; asking leaves a virtual machine for some microseconds
  if (known == 0) {
    unsigned a, b, c = 0, d, low = 0, high;
    const unsigned saved = 0xe6;  // SSE, AVX and the three parts of AVX-512
    bool has = __get_cpuid(1, &a, &b, &c, &d) && c & bit_OSXSAVE;
    if (has) __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    has = has && (low & saved) == saved && __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_AVX512F;
    known = has ? 1 : -1;
  }
  return known == 1;
}

// Whole 256-byte blocks past the cache, the ragged rest through it; the fence makes the stores visible to the joiner.
static void nontemporal(char *start, size_t length) {
  size_t head = (-(uintptr_t)start) & 255;
  if (head > length) head = length;
  size_t body = (length - head) & ~(size_t)255;
  memset(start, 0, head);
  if (has_avx512()) nontemporal512(start + head, body);
  else nontemporal128(start + head, body);
  memset(start + head + body, 0, length - head - body);
  _mm_sfence();
}
#endif

bool clinux_store_available(enum clinux_store store) {
#if defined(__x86_64__)
  (void)store;
  return true;
#else
  return store == CLINUX_STORE_MEMSET;
#endif
}

static void clear(void *start, size_t length, enum clinux_store store) {
#if defined(__x86_64__)
  if (store == CLINUX_STORE_REP_STOSB) { rep_stosb(start, length); return; }
  if (store == CLINUX_STORE_NONTEMPORAL) { nontemporal(start, length); return; }
#endif
  (void)store;
  memset(start, 0, length);
}

int clinux_clear(uintptr_t address, size_t length, enum clinux_store store) {
  GUARDED(clear((void *)address, length, store));
  return 0;
}

// memcmp of a block with itself shifted by one word: the C library's fastest loop, in debug builds too.
static size_t find_nonzero(const unsigned char *start, size_t length) {
  enum { BLOCK = 32768 };
  size_t at = 0;
  for (; at < length; at += BLOCK) {
    size_t rest = length - at < BLOCK ? length - at : BLOCK;
    size_t word = rest < 8 ? rest : 8;
    static const unsigned char zeros[8];
    if (memcmp(start + at, zeros, word) != 0) break;
    if (memcmp(start + at, start + at + word, rest - word) != 0) break;
  }
  while (at < length && start[at] == 0) at++;
  return at < length ? at : length;
}

int clinux_find_nonzero(uintptr_t address, size_t length, size_t *at) {
  GUARDED(*at = find_nonzero((const unsigned char *)address, length));
  return 0;
}
