#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Numbers that older C library headers lack.
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

int clinux_probe_open(uintptr_t address, size_t length, bool huge, int *uffd) {
  *uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  if (*uffd == -1) return errno;
  struct uffdio_api api = {.api = UFFD_API,
                           .features = huge ? UFFD_FEATURE_MINOR_HUGETLBFS : UFFD_FEATURE_MINOR_SHMEM};
  struct uffdio_register range = {.range = {address, length}, .mode = UFFDIO_REGISTER_MODE_MINOR};
  if (ioctl(*uffd, UFFDIO_API, &api) == 0 && ioctl(*uffd, UFFDIO_REGISTER, &range) == 0) return 0;
  int error = errno;
  close(*uffd);
  return error;
}

int clinux_guard_open(uintptr_t address, size_t length, int *uffd) {
  *uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  if (*uffd == -1) return errno;
  struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_SIGBUS};
  struct uffdio_register range = {.range = {address, length}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  if (ioctl(*uffd, UFFDIO_API, &api) == 0 && ioctl(*uffd, UFFDIO_REGISTER, &range) == 0) return 0;
  int error = errno;
  close(*uffd);
  return error;
}

// A page of the file is a file's (bit 61) in the page table of a private mapping; what stands in for a hole is anonymous.
int clinux_try_huge_page(int fd, int pagemap, off_t offset, size_t page_size, bool *is_there) {
  void *page = mmap(NULL, page_size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, fd, offset);
  if (page == MAP_FAILED) return errno;
  int error = clinux_touch((uintptr_t)page, 1, 1, false);
  uint64_t entry = 0;
  if (!error) {
    off_t at = (off_t)((uintptr_t)page / (size_t)sysconf(_SC_PAGESIZE) * sizeof entry);
    if (pread(pagemap, &entry, sizeof entry, at) != sizeof entry || !(entry >> 63)) error = EIO;
  }
  munmap(page, page_size);
  // no page could stand in: it is not in the file
  *is_there = !error && entry >> 61 & 1;
  return error == EFAULT ? 0 : error;
}

int clinux_probe(int uffd, uintptr_t address, size_t length, size_t *present) {
  *present = 0;
  while (*present < length) {
    struct uffdio_continue step = {.range = {address + *present, length - *present}};
    if (ioctl(uffd, UFFDIO_CONTINUE, &step) == 0) step.mapped = (int64_t)(length - *present);
    if (step.mapped > 0) *present += (size_t)step.mapped;
    else if (step.mapped == -EFAULT) return 0;
    else if (step.mapped != -EAGAIN) return step.mapped < 0 ? (int)-step.mapped : errno;
  }
  return 0;
}
