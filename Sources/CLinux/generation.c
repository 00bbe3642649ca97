#define _GNU_SOURCE
#include "clinux.h"
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

// A page that the kernel clears in every child that gets a copy of this memory, however it was made (MADV_WIPEONFORK, Linux
// 4.14): no handler need be registered, and a child of vfork(2), which has this memory itself, counts as this process.
static _Atomic(_Atomic uint32_t *) mark;
static _Atomic uint32_t none;
static _Atomic uint32_t newest;

static _Atomic uint32_t *make_mark(void) {
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED && madvise(page, size, MADV_WIPEONFORK) == -1) {
    munmap(page, size);
    page = MAP_FAILED;
  }
  _Atomic uint32_t *made = page == MAP_FAILED ? &none : page, *before = NULL;
  if (atomic_compare_exchange_strong(&mark, &before, made)) return made;
  if (page != MAP_FAILED) munmap(page, size);
  return before;
}

uint32_t clinux_generation(void) {
  _Atomic uint32_t *at = atomic_load_explicit(&mark, memory_order_acquire);
  if (!at) at = make_mark();
  if (at == &none) return (uint32_t)getpid();
  uint32_t known = atomic_load_explicit(at, memory_order_relaxed);
  if (known) return known;
  uint32_t next = atomic_fetch_add(&newest, 1) + 1;
  return atomic_compare_exchange_strong(at, &known, next) ? next : known;
}
