#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

// Numbers that older C library headers lack.
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef EXT4_SUPER_MAGIC
#define EXT4_SUPER_MAGIC 0xEF53
#endif
#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

static int answer(long result) { return result == -1 ? errno : 0; }

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

int clinux_advise_huge(uintptr_t address, size_t length, bool huge) {
  return advise(address, length, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

int clinux_lock_on_fault(uintptr_t address, size_t length) {
  return answer(syscall(SYS_mlock2, address, length, MLOCK_ONFAULT));
}

int clinux_lock(uintptr_t address, size_t length) { return answer(mlock((void *)address, length)); }

int clinux_unlock(uintptr_t address, size_t length) { return answer(munlock((void *)address, length)); }

int clinux_resident(uintptr_t address, size_t length, unsigned char *vector) {
  return answer(mincore((void *)address, length, vector));
}

// EINTR is retried here: cancelling happens between chunks, and no handler of ours interrupts on purpose.
static int allocate(int fd, int mode, off_t offset, off_t length) {
  int error;
  do error = answer(fallocate(fd, mode, offset, length));
  while (error == EINTR);
  return error;
}

int clinux_allocate(int fd, off_t offset, off_t length) { return allocate(fd, 0, offset, length); }

int clinux_punch(int fd, off_t offset, off_t length) {
  return allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int clinux_drop_cache(int fd, off_t offset, off_t length) {
  return posix_fadvise(fd, offset, length, POSIX_FADV_DONTNEED);
}

int clinux_seek(int fd, off_t from, bool data, off_t *at) {
  off_t found = lseek(fd, from, data ? SEEK_DATA : SEEK_HOLE);
  if (found == -1 && errno == ENXIO) found = lseek(fd, 0, SEEK_END);
  if (found == -1) return errno;
  *at = found;
  return 0;
}

int clinux_next_extent(int fd, off_t from, off_t *start, off_t *length) {
  _Alignas(struct fiemap) char room[sizeof(struct fiemap) + sizeof(struct fiemap_extent)] = {0};
  struct fiemap *ask = (struct fiemap *)room;
  ask->fm_start = (uint64_t)from;
  ask->fm_length = FIEMAP_MAX_OFFSET - (uint64_t)from;
  ask->fm_extent_count = 1;
  if (ioctl(fd, FS_IOC_FIEMAP, ask) == -1) return errno;
  *length = 0;
  if (ask->fm_mapped_extents == 0) return 0;
  *start = (off_t)ask->fm_extents[0].fe_logical;
  *length = (off_t)ask->fm_extents[0].fe_length;
  return 0;
}

int clinux_memfd(const char *name, size_t huge_page_size, int *fd) {
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  if (huge_page_size) flags |= MFD_HUGETLB | ((unsigned)__builtin_ctzl(huge_page_size) << 26);
  *fd = memfd_create(name, flags);
  return answer(*fd);
}

int clinux_seal_shrink(int fd) { return answer(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL)); }

int clinux_cached_pages(int fd, off_t offset, off_t length, uint64_t *pages) {
  struct { uint64_t offset, length; } range = {(uint64_t)offset, (uint64_t)length};
  struct { uint64_t cached, dirty, writeback, evicted, recently_evicted; } counts;
  int error = answer(syscall(SYS_cachestat, fd, &range, &counts, 0));
  if (!error) *pages = counts.cached;
  return error;
}

int clinux_sole_opener(int fd) {
  if (fcntl(fd, F_SETLEASE, F_WRLCK) == -1) return errno;
  fcntl(fd, F_SETLEASE, F_UNLCK);
  return 0;
}

static enum clinux_filesystem kind_of(unsigned long magic) {
  switch (magic) {
  case HUGETLBFS_MAGIC: return CLINUX_FS_HUGETLBFS;
  case TMPFS_MAGIC: return CLINUX_FS_TMPFS;
  case EXT4_SUPER_MAGIC: return CLINUX_FS_EXT;
  case XFS_SUPER_MAGIC: return CLINUX_FS_XFS;
  case BTRFS_SUPER_MAGIC: return CLINUX_FS_BTRFS;
  case PROC_SUPER_MAGIC: return CLINUX_FS_PROC;
  default: return CLINUX_FS_OTHER;
  }
}

int clinux_filesystem_of(int fd, struct clinux_filesystem_facts *facts) {
  struct statfs s;
  if (fstatfs(fd, &s) == -1) return errno;
  *facts = (struct clinux_filesystem_facts){
      .kind = kind_of((unsigned long)s.f_type & 0xffffffff), .block_size = (size_t)s.f_bsize, .blocks = s.f_blocks,
      .free_blocks = s.f_bfree, .available_blocks = s.f_bavail};
  // hugetlbfs without a size limit says 0, and in later kernels -1.
  if (facts->kind == CLINUX_FS_HUGETLBFS && (int64_t)s.f_blocks < 0) facts->blocks = 0;
  return 0;
}

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
