#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Numbers that older C library headers lack.
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

static int advise(uintptr_t address, size_t length, int advice) {
  int error;
  do error = answer(madvise((void *)address, length, advice));
  while (error == EINTR);
  return error;
}

int clinux_populate(uintptr_t address, size_t length, bool writing) {
  return advise(address, length, writing ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

int clinux_give_back(uintptr_t address, size_t length) { return advise(address, length, MADV_DONTNEED); }

int clinux_remove(uintptr_t address, size_t length) { return advise(address, length, MADV_REMOVE); }

int clinux_advise_huge(uintptr_t address, size_t length, bool huge) {
  return advise(address, length, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

int clinux_lock_on_fault(uintptr_t address, size_t length) {
  return answer(syscall(SYS_mlock2, address, length, MLOCK_ONFAULT));
}

int clinux_lock(uintptr_t address, size_t length) { return answer(mlock((void *)address, length)); }

int clinux_unlock(uintptr_t address, size_t length) { return answer(munlock((void *)address, length)); }

int clinux_advise_random(uintptr_t address, size_t length) { return advise(address, length, MADV_RANDOM); }

// With MS_ASYNC alone msync(2) writes nothing, and only looks.
int clinux_demand_mapped(uintptr_t address, size_t length) {
  return answer(msync((void *)address, length, MS_ASYNC));
}

// EAGAIN: the kernel has no page to write the answer to. It is asked again for a second or so, and not for ever.
static int resident_pages(uintptr_t address, size_t length, unsigned char *pages) {
  const struct timespec pause = {.tv_nsec = 1000000};
  int error = EAGAIN;
  for (int tries = 0; tries < 1000 && error == EAGAIN; tries++) {
    if (tries > 0) nanosleep(&pause, NULL);
    error = answer(mincore((void *)address, length, pages));
  }
  return error;
}

int clinux_resident_bytes(uintptr_t address, size_t length, size_t *bytes) {
  unsigned char pages[4096];
  size_t page = (size_t)sysconf(_SC_PAGESIZE), window = sizeof pages * page;
  *bytes = 0;
  for (size_t at = 0; at < length; at += window) {
    size_t part = length - at < window ? length - at : window;
    int error = resident_pages(address + at, part, pages);
    if (error) return error;
    for (size_t i = 0; i < (part + page - 1) / page; i++) *bytes += (pages[i] & 1) * page;
  }
  return 0;
}

int clinux_mark_resident(uintptr_t address, size_t length, uint64_t *words, size_t first, size_t *count) {
  enum { STEP = 4096 };
  unsigned char vector[STEP];
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (length + page - 1) / page;
  *count = 0;
  for (size_t done = 0; done < pages; done += STEP) {
    size_t step = pages - done < STEP ? pages - done : STEP;
    int error = resident_pages(address + done * page, step * page, vector);
    if (error) return error;
    for (size_t i = 0; i < step; i++) {
      if (!(vector[i] & 1)) continue;
      size_t bit = first + done + i;
      words[bit / 64] |= (uint64_t)1 << bit % 64;
      ++*count;
    }
  }
  return 0;
}
