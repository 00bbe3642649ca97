#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

// Numbers that older C library headers lack.
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC 0x62656570
#endif
#ifndef EXT4_SUPER_MAGIC
#define EXT4_SUPER_MAGIC 0xEF53
#endif
#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

// EINTR is retried here: cancelling happens between chunks, and no handler of ours interrupts on purpose.
static int allocate(int fd, int mode, off_t offset, off_t length) {
  int error;
  do error = answer(fallocate(fd, mode, offset, length));
  while (error == EINTR);
  return error;
}

int clinux_duplicate_high(int fd, int *copy) {
  const rlim_t table = 64, room = 16;
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == -1) return errno;
  rlim_t end = limit.rlim_cur < table ? limit.rlim_cur : table;
  *copy = fcntl(fd, F_DUPFD_CLOEXEC, end > room ? (int)(end - room) : 0);
  return answer(*copy);
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

int clinux_next_extent(int fd, off_t from, off_t end, off_t *start, off_t *length) {
  _Alignas(struct fiemap) char room[sizeof(struct fiemap) + sizeof(struct fiemap_extent)] = {0};
  struct fiemap *ask = (struct fiemap *)room;
  ask->fm_start = (uint64_t)from;
  ask->fm_length = (uint64_t)(end - from);
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

int clinux_forbids_writing(int fd, bool *forbids) {
  enum { FUTURE_WRITE = 0x10 }; // F_SEAL_FUTURE_WRITE, which older headers lack
  int seals = fcntl(fd, F_GET_SEALS);
  *forbids = seals != -1 && seals & (F_SEAL_WRITE | FUTURE_WRITE);
  return answer(seals);
}

int clinux_cached_pages(int fd, off_t offset, off_t length, uint64_t *pages, uint64_t *swapped) {
  struct { uint64_t offset, length; } range = {(uint64_t)offset, (uint64_t)length};
  struct { uint64_t cached, dirty, writeback, evicted, recently_evicted; } counts;
  int error = answer(syscall(SYS_cachestat, fd, &range, &counts, 0));
  if (error) return error;
  *pages = counts.cached;
  *swapped = counts.evicted;
  return 0;
}

// On the stack of a thread: small enough for that, large enough that the call costs little beside the copying.
enum { READ_AT_A_TIME = 64 << 10 };

// Whether a file ends at or before `at`, of which nothing can be read there. EIO: it says that it goes on.
static int ends_by(int fd, off_t at) {
  struct stat status;
  int error = answer(fstat(fd, &status));
  return error ? error : status.st_size > at ? EIO : 0;
}

int clinux_find_nonzero_in_file(int fd, off_t offset, size_t length, size_t *at) {
  unsigned char buffer[READ_AT_A_TIME];
  size_t done = 0;
  *at = length;
  while (done < length) {
    size_t wanted = length - done < sizeof buffer ? length - done : sizeof buffer;
    ssize_t count = pread(fd, buffer, wanted, offset + (off_t)done);
    if (count == -1 && errno == EINTR) continue;
    if (count == -1) return errno;
    if (count == 0) return ends_by(fd, offset + (off_t)done);
    size_t found = 0;
    int error = clinux_find_nonzero((uintptr_t)buffer, (size_t)count, 0, &found);
    if (error) return error;
    if (found < (size_t)count) {
      *at = done + found;
      return 0;
    }
    done += (size_t)count;
  }
  return 0;
}

int clinux_read_through(int fd, off_t offset, size_t length, size_t *at) {
  unsigned char buffer[READ_AT_A_TIME];
  for (*at = 0; *at < length;) {
    size_t wanted = length - *at < sizeof buffer ? length - *at : sizeof buffer;
    ssize_t count = pread(fd, buffer, wanted, offset + (off_t)*at);
    if (count == 0) return ends_by(fd, offset + (off_t)*at);
    if (count > 0) *at += (size_t)count;
    else if (errno != EINTR) return errno;
  }
  return 0;
}

int clinux_read_no_ahead(int fd) { return posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); }

// Who has made a file without a name, as memfd_create(2) and shared anonymous memory do, is not counted among its openers.
int clinux_sole_opener(int fd) {
  struct stat status;
  if (fstat(fd, &status) == -1) return errno;
  if (status.st_nlink == 0) return EOPNOTSUPP;
  if (fcntl(fd, F_SETLEASE, F_WRLCK) == -1) return errno;
  fcntl(fd, F_SETLEASE, F_UNLCK);
  return 0;
}

// Labels come from the policy that a system has, whoever had the file.
static bool is_somebodys(const char *attribute) {
  return strncmp(attribute, "security.", 9) != 0 || strcmp(attribute, "security.capability") == 0;
}

// `names`: as listxattr(2) gives them.
static int any_is_somebodys(const char *names, ssize_t length, bool *has) {
  *has = length == -1 && errno == ERANGE;
  if (length == -1) return *has || errno == ENOTSUP ? 0 : errno;
  for (const char *name = names; name < names + length; name += strlen(name) + 1) *has = *has || is_somebodys(name);
  return 0;
}

int clinux_has_attributes(int fd, bool *has) {
  char names[4096];
  return any_is_somebodys(names, flistxattr(fd, names, sizeof names), has);
}

int clinux_name_has_attributes(int directory, const char *name, bool *has) {
  char path[PATH_MAX], names[4096];
  if (snprintf(path, sizeof path, "/proc/self/fd/%d/%s", directory, name) >= (int)sizeof path) return ENAMETOOLONG;
  return any_is_somebodys(names, llistxattr(path, names, sizeof names), has);
}

int clinux_open_nameless(int directory, int *fd) {
  *fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  return answer(*fd);
}

int clinux_give_name(int fd, int directory, const char *name) {
  char path[40];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return answer(linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW));
}

int clinux_rename_new(int from, const char *old_name, int to, const char *new_name) {
  return answer(renameat2(from, old_name, to, new_name, RENAME_NOREPLACE));
}

static enum clinux_filesystem kind_of(unsigned long magic) {
  switch (magic) {
  case HUGETLBFS_MAGIC: return CLINUX_FS_HUGETLBFS;
  case TMPFS_MAGIC: return CLINUX_FS_TMPFS;
  case EXT4_SUPER_MAGIC: return CLINUX_FS_EXT;
  case XFS_SUPER_MAGIC: return CLINUX_FS_XFS;
  case BTRFS_SUPER_MAGIC: return CLINUX_FS_BTRFS;
  case PROC_SUPER_MAGIC: return CLINUX_FS_PROC;
  case SYSFS_MAGIC: case CGROUP_SUPER_MAGIC: case CGROUP2_SUPER_MAGIC: case RDTGROUP_SUPER_MAGIC: case DEBUGFS_MAGIC:
  case TRACEFS_MAGIC: case SECURITYFS_MAGIC: case SELINUX_MAGIC: case SMACK_MAGIC: case BPF_FS_MAGIC: case BINFMTFS_MAGIC:
  case EFIVARFS_MAGIC: case PSTOREFS_MAGIC: case NSFS_MAGIC: case XENFS_SUPER_MAGIC: case CONFIGFS_MAGIC:
    return CLINUX_FS_PSEUDO;
  default: return CLINUX_FS_OTHER;
  }
}

int clinux_is_kernels_own(const char *path) {
  struct statfs s;
  if (statfs(path, &s) == -1) return errno;
  switch ((unsigned long)s.f_type & 0xffffffff) {
  case SYSFS_MAGIC: case PROC_SUPER_MAGIC: case CGROUP_SUPER_MAGIC: case CGROUP2_SUPER_MAGIC: return 0;
  default: return EXDEV;
  }
}

// STATX_MNT_ID, and the field's place, which older headers lack.
enum { MOUNT_ID = 0x1000 };

int clinux_mount_of(int fd, uint64_t *mount) {
  union { struct statx x; unsigned char bytes[256]; } facts = {0};
  if (statx(fd, "", AT_EMPTY_PATH, MOUNT_ID, &facts.x) == -1) return errno;
  if (!(facts.x.stx_mask & MOUNT_ID)) return ENOSYS;
  memcpy(mount, facts.bytes + 0x90, sizeof *mount);
  return 0;
}

bool clinux_is_unremovable(int fd) {
  enum { IMMUTABLE = 0x10, APPEND = 0x20 };
  struct statx facts = {0};
  if (statx(fd, "", AT_EMPTY_PATH, 0, &facts) == -1) return false;
  return facts.stx_attributes & (IMMUTABLE | APPEND);
}

// Links in these lead where the kernel says, but for those that it follows straight to what a process has open.
static bool is_procs_own(const char *path) {
  return strcmp(path, "/dev/fd") == 0 || (strncmp(path, "/proc/", 6) == 0 && !strstr(path, "/.."));
}

int clinux_open_directory(int from, const char *path, int *directory, bool *is_straight) {
  // struct open_how, which older headers lack, with RESOLVE_NO_MAGICLINKS or RESOLVE_NO_SYMLINKS
  enum { NO_MAGIC = 2, NO_LINKS = 4, FLAGS = O_PATH | O_DIRECTORY | O_CLOEXEC };
  struct { uint64_t flags, mode, resolve; } how = {FLAGS, 0, is_procs_own(path) ? NO_MAGIC : NO_LINKS};
  *directory = (int)syscall(SYS_openat2, from, path, &how, sizeof how);
  *is_straight = *directory != -1;
  if (*is_straight) return 0;
  // an older kernel does not tell, nor a profile that forbids what it does not know
  *is_straight = (errno == ENOSYS || errno == EPERM) && is_procs_own(path);
  *directory = openat(from, path, FLAGS);
  return answer(*directory);
}

int clinux_filesystem_of(int fd, struct clinux_filesystem_facts *facts) {
  struct statfs s;
  struct stat status;
  if (fstatfs(fd, &s) == -1 || fstat(fd, &status) == -1) return errno;
  *facts = (struct clinux_filesystem_facts){
      .device = status.st_dev, .kind = kind_of((unsigned long)s.f_type & 0xffffffff), .block_size = (size_t)s.f_bsize, .blocks = s.f_blocks,
      .free_blocks = s.f_bfree, .available_blocks = s.f_bavail};
  // hugetlbfs without a size limit says 0, and in later kernels -1.
  if (facts->kind == CLINUX_FS_HUGETLBFS && (int64_t)s.f_blocks < 0) facts->blocks = 0;
  return 0;
}
