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

// The compiler's own question, __builtin_cpu_supports, brings a constructor along, and a library is to run nothing before main.
static int widest_vector(void) {
#if defined(__x86_64__)
  unsigned a, b, c = 0, d, low = 0, high;
  const unsigned saved = 0x6, saved512 = 0xe6;  // SSE and AVX, and with the three parts of AVX-512
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return 16;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 16;
  if ((low & saved512) == saved512 && b & bit_AVX512F) return 64;
  if ((low & saved) == saved && b & bit_AVX2) return 32;
#endif
  return 16;
}

int clinux_widest_vector(void) {
  static _Atomic int known;  // 0: not yet; asking leaves a virtual machine for some microseconds
  if (known == 0) known = widest_vector();
  return known;
}

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

// Whole 256-byte blocks past the cache, the ragged rest through it; the fence makes the stores visible to the joiner.
static void nontemporal(char *start, size_t length) {
  size_t head = (-(uintptr_t)start) & 255;
  if (head > length) head = length;
  size_t body = (length - head) & ~(size_t)255;
  memset(start, 0, head);
  if (clinux_widest_vector() == 64) nontemporal512(start + head, body);
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

// Four streams at a time, one behind the other in memory, each read forwards: more of memory is under way than with one. Whether
// all of them are zero; `length`: bytes of each, a multiple of 64.
typedef uint64_t part __attribute__((vector_size(16), aligned(1), may_alias));

static bool are_zero_128(const unsigned char *at, size_t length) {
  part found[4] = {0};
  for (size_t i = 0; i < length; i += 16)
    for (int stream = 0; stream < 4; stream++) found[stream] |= *(const part *)(at + stream * length + i);
  part all = found[0] | found[1] | found[2] | found[3];
  return (all[0] | all[1]) == 0;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static bool are_zero_256(const unsigned char *at, size_t length) {
  const unsigned char *b = at + length, *c = b + length, *d = c + length;
  __m256i found[4] = {0};
#define PART(from) _mm256_loadu_si256((const __m256i *)((from) + i))
  for (size_t i = 0; i < length; i += 32) {
    found[0] = _mm256_or_si256(found[0], PART(at));
    found[1] = _mm256_or_si256(found[1], PART(b));
    found[2] = _mm256_or_si256(found[2], PART(c));
    found[3] = _mm256_or_si256(found[3], PART(d));
  }
#undef PART
  __m256i all = _mm256_or_si256(_mm256_or_si256(found[0], found[1]), _mm256_or_si256(found[2], found[3]));
  return _mm256_testz_si256(all, all);
}

__attribute__((target("avx512f"))) static bool are_zero_512(const unsigned char *at, size_t length) {
  const unsigned char *b = at + length, *c = b + length, *d = c + length;
  __m512i found[4] = {0};
  for (size_t i = 0; i < length; i += 64) {
    found[0] = _mm512_or_si512(found[0], _mm512_loadu_si512(at + i));
    found[1] = _mm512_or_si512(found[1], _mm512_loadu_si512(b + i));
    found[2] = _mm512_or_si512(found[2], _mm512_loadu_si512(c + i));
    found[3] = _mm512_or_si512(found[3], _mm512_loadu_si512(d + i));
  }
  __m512i all = _mm512_or_si512(_mm512_or_si512(found[0], found[1]), _mm512_or_si512(found[2], found[3]));
  return _mm512_test_epi64_mask(all, all) == 0;
}
#endif

static bool are_zero(const unsigned char *at, size_t length, int vector) {
#if defined(__x86_64__)
  if (vector == 64) return are_zero_512(at, length);
  if (vector == 32) return are_zero_256(at, length);
#endif
  (void)vector;
  return are_zero_128(at, length);
}

static size_t find_nonzero(const unsigned char *start, size_t length, int vector) {
  enum { LONGEST = 1 << 20 };  // long enough for the CPU to read ahead, short enough to stop soon
  size_t at = 0;
  while (length - at >= 256) {
    size_t stream = (length - at) / 4 & ~(size_t)63;
    if (stream > LONGEST) stream = LONGEST;
    if (!are_zero(start + at, stream, vector)) break;
    at += 4 * stream;
  }
  // where it is among those, and the ragged rest
  for (uint64_t word; length - at >= 8; at += 8) {
    memcpy(&word, start + at, 8);
    if (word != 0) break;
  }
  while (at < length && start[at] == 0) at++;
  return at;
}

int clinux_find_nonzero(uintptr_t address, size_t length, int vector, size_t *at) {
  if (vector == 0) vector = clinux_widest_vector();
  GUARDED(*at = find_nonzero((const unsigned char *)address, length, vector));
  return 0;
}
