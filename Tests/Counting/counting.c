#define _GNU_SOURCE
#include "ccounting.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static _Atomic bool is_counting;
static _Atomic int64_t allocations, frees, objects, retains, releases;

static void count(_Atomic int64_t *counter) {
  if (atomic_load_explicit(&is_counting, memory_order_relaxed))
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

// MARK: the C library's allocator, wrapped by defining its functions again in the executable

#if defined(__GLIBC__) && !defined(SANITIZED)
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
  count(&allocations);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count(&allocations);
  return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
  count(&allocations);
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  count(&allocations);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
  void *memory = memalign(alignment, size);
  if (!memory) return ENOMEM;
  *result = memory;
  return 0;
}

void free(void *memory) {
  count(&frees);
  __libc_free(memory);
}

static const bool wraps_malloc = true;
#else
static const bool wraps_malloc = false;
#endif

// MARK: the Swift runtime's hooks, meant for instruments: function pointers that it calls once a switch is set

typedef void *(*allocate_object)(const void *, size_t, size_t);
typedef void *(*retain)(void *);
typedef void (*release)(void *);
typedef void *(*retain_many)(void *, uint32_t);
typedef void (*release_many)(void *, uint32_t);

static allocate_object runtime_allocate;
static retain runtime_retain, runtime_try_retain;
static release runtime_release;
static retain_many runtime_retain_many;
static release_many runtime_release_many;

static void *counted_allocate(const void *metadata, size_t size, size_t mask) {
  count(&objects);
  return runtime_allocate(metadata, size, mask);
}

static void *counted_retain(void *object) {
  count(&retains);
  return runtime_retain(object);
}

static void *counted_try_retain(void *object) {
  count(&retains);
  return runtime_try_retain(object);
}

static void counted_release(void *object) {
  count(&releases);
  runtime_release(object);
}

static void *counted_retain_many(void *object, uint32_t number) {
  count(&retains);
  return runtime_retain_many(object, number);
}

static void counted_release_many(void *object, uint32_t number) {
  count(&releases);
  runtime_release_many(object, number);
}

struct hook {
  const char *name;
  /// The runtime's own function, once the hook is found.
  void **original;
  void *counted;
};

static const struct hook hooks[] = {
    {"_swift_allocObject", (void **)&runtime_allocate, counted_allocate},
    {"_swift_retain", (void **)&runtime_retain, counted_retain},
    {"_swift_tryRetain", (void **)&runtime_try_retain, counted_try_retain},
    {"_swift_release", (void **)&runtime_release, counted_release},
    {"_swift_retain_n", (void **)&runtime_retain_many, counted_retain_many},
    {"_swift_release_n", (void **)&runtime_release_many, counted_release_many},
};
static const size_t hook_count = sizeof hooks / sizeof *hooks;

static _Atomic(void *) *slot(const struct hook *hook) { return dlsym(RTLD_DEFAULT, hook->name); }

static _Atomic bool *hooks_switch(void) {
  return dlsym(RTLD_DEFAULT, "_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly");
}

bool counting_is_possible(void) {
  for (size_t i = 0; i < hook_count; i++)
    if (!slot(&hooks[i])) return false;
  return wraps_malloc && hooks_switch();
}

void counting_start(void) {
  for (size_t i = 0; i < hook_count; i++) {
    if (!*hooks[i].original) *hooks[i].original = atomic_load(slot(&hooks[i]));
    atomic_store(slot(&hooks[i]), hooks[i].counted);
  }
  allocations = frees = objects = retains = releases = 0;
  atomic_store(hooks_switch(), true);
  atomic_store(&is_counting, true);
}

struct counting_totals counting_stop(void) {
  atomic_store(&is_counting, false);
  for (size_t i = 0; i < hook_count; i++) atomic_store(slot(&hooks[i]), *hooks[i].original);
  atomic_store(hooks_switch(), false);
  return (struct counting_totals){allocations, frees, objects, retains, releases};
}
