// Calls on files and file systems. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "clinux_attributes.h"

/// Another number for what is open at `fd`, close-on-exec, from 48 on (F_DUPFD_CLOEXEC): out of the way of programs that give
/// numbers a meaning, and within the 64 that every process has room for. A larger table of files would have a process with threads
/// wait until all CPUs have let go of the first one, ten milliseconds and more.
int clinux_duplicate_high(int fd, int *_Nonnull copy);
/// No errno: the name of a directory's entry, with which it ends, so that it is often shorter than a `dirent` and must not be
/// copied as one.
static inline const char *_Nonnull clinux_entry_name(const struct dirent *_Nonnull entry) { return entry->d_name; }
/// fallocate(2) with mode 0.
CLINUX_NOLOCKS int clinux_allocate(int fd, off_t offset, off_t length);
/// fallocate(2) with FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE.
CLINUX_NOLOCKS int clinux_punch(int fd, off_t offset, off_t length);
/// posix_fadvise(2) with POSIX_FADV_DONTNEED: clean cached pages are dropped.
CLINUX_NOLOCKS int clinux_drop_cache(int fd, off_t offset, off_t length);
/// lseek(2) with SEEK_DATA or SEEK_HOLE; *at is the file's end where there is no more data.
int clinux_seek(int fd, off_t from, bool data, off_t *_Nonnull at);
/// The next extent with blocks behind it that begins before `end`, written or not (ioctl(2), FS_IOC_FIEMAP). *length 0: there
/// is none.
CLINUX_NOLOCKS int clinux_next_extent(int fd, off_t from, off_t end, off_t *_Nonnull start, off_t *_Nonnull length);
/// memfd_create(2); `huge_page_size` 0 means base pages. *fd: the close-on-exec descriptor.
int clinux_memfd(const char *_Nonnull name, size_t huge_page_size, int *_Nonnull fd);
/// fcntl(2) with F_ADD_SEALS: F_SEAL_SHRINK and F_SEAL_SEAL.
int clinux_seal_shrink(int fd);
/// Whether seals keep everybody from mapping it to be written (fcntl(2), F_GET_SEALS). EINVAL: its kind has no seals.
int clinux_forbids_writing(int fd, bool *_Nonnull forbids);
/// cachestat(2) (Linux 6.5): pages of the range in the page cache, cleared yet or not; of a tmpfs file also those that were
/// swapped out. EPERM: neither its owner nor allowed to write it, and so not told.
CLINUX_NOLOCKS int clinux_cached_pages(
  int fd, off_t offset, off_t length, uint64_t *_Nonnull pages, uint64_t *_Nonnull swapped);
/// pread(2) until a byte is found that is not zero; holes are read as what they are, and no page is made. *at: its offset from
/// `offset`, or `length` when all are zero; beyond the file's end there is nothing, which is zero. EIO: the disk's, or
/// the file gives less than it says to have.
CLINUX_NOLOCKS int clinux_find_nonzero_in_file(int fd, off_t offset, size_t length, size_t *_Nonnull at);
/// pread(2) of all of a range, up to the file's end: why it cannot be read, and *at: how far it could.
CLINUX_NOLOCKS int clinux_read_through(int fd, off_t offset, size_t length, size_t *_Nonnull at);
/// posix_fadvise(2) with POSIX_FADV_RANDOM: what is read by this descriptor is what is asked for, and nothing ahead of it.
int clinux_read_no_ahead(int fd);
/// 0: nobody else has the file open or mapped, which taking and dropping a write lease tells (fcntl(2), F_SETLEASE).
/// EAGAIN: somebody has. EACCES: neither its owner nor capable, and so not told.
CLINUX_NOLOCKS int clinux_sole_opener(int fd);
/// Whether a file has attributes that somebody gave it, access control lists among them (flistxattr(2)); what a security module
/// has noted on it is none.
int clinux_has_attributes(int fd, bool *_Nonnull has);
/// The same of a name in a directory, by /proc: nothing is opened (llistxattr(2)).
int clinux_name_has_attributes(int directory, const char *_Nonnull name, bool *_Nonnull has);
/// Makes a file without a name, mode 0600, to be read and written, on the file system of a directory (openat(2), O_TMPFILE);
/// EOPNOTSUPP, EISDIR: it has none. *fd: close-on-exec.
int clinux_open_nameless(int directory, int *_Nonnull fd);
/// Gives it its first name (linkat(2)). EEXIST: something has it; ENOENT: there is no /proc to name it by.
int clinux_give_name(int fd, int directory, const char *_Nonnull name);
/// renameat2(2) with RENAME_NOREPLACE: EEXIST where the new name is taken.
int clinux_rename_new(int from, const char *_Nonnull old_name, int to, const char *_Nonnull new_name);

/// The kinds of file system whose memory is understood.
enum clinux_filesystem {
  CLINUX_FS_OTHER, CLINUX_FS_HUGETLBFS, CLINUX_FS_TMPFS, CLINUX_FS_EXT, CLINUX_FS_XFS, CLINUX_FS_BTRFS, CLINUX_FS_PROC,
  CLINUX_FS_PSEUDO
};
struct clinux_filesystem_facts {
  uint64_t device;           // st_dev
  enum clinux_filesystem kind;
  size_t block_size;         // hugetlbfs: the page size
  uint64_t blocks;           // 0: no limit of its own
  uint64_t free_blocks, available_blocks;
};
/// Whether a directory is on one of the kernel's own file systems, sysfs, proc or cgroup (statfs(2)); EXDEV: on another.
int clinux_is_kernels_own(const char *_Nonnull path);
/// The number of the mount that an open file lies on (statx(2), STATX_MNT_ID, Linux 5.8); ENOSYS: the kernel does not tell.
int clinux_mount_of(int fd, uint64_t *_Nonnull mount);
/// Whether chattr(1) has made it immutable, or only to be appended to (statx(2)); false where that is not told.
bool clinux_is_unremovable(int fd);
/// Opens a directory as a place (openat2(2), O_PATH), following links. *is_straight: no symbolic link led there but /proc/self
/// and those of its kind.
int clinux_open_directory(int from, const char *_Nonnull path, int *_Nonnull directory, bool *_Nonnull is_straight);
int clinux_filesystem_of(int fd, struct clinux_filesystem_facts *_Nonnull facts);
