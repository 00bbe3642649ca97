// Calls that make, clear, inspect and give back memory. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "clinux_attributes.h"

// MARK: advice and residency of a mapping (addresses as integers: positions, not owners)

/// madvise(2) with MADV_POPULATE_WRITE or MADV_POPULATE_READ (Linux 5.14). EFAULT: no memory behind a page.
CLINUX_NOLOCKS int clinux_populate(uintptr_t address, size_t length, bool writing);
/// madvise(2) with MADV_DONTNEED: a private mapping's pages are given back.
CLINUX_NOLOCKS int clinux_give_back(uintptr_t address, size_t length);
/// madvise(2) with MADV_HUGEPAGE or MADV_NOHUGEPAGE.
int clinux_advise_huge(uintptr_t address, size_t length, bool huge);
/// mlock2(2) with MLOCK_ONFAULT: flags only, populates nothing.
int clinux_lock_on_fault(uintptr_t address, size_t length);
/// mlock(2): makes every page and locks it.
CLINUX_NOLOCKS int clinux_lock(uintptr_t address, size_t length);
CLINUX_NOLOCKS int clinux_unlock(uintptr_t address, size_t length);
/// madvise(2) with MADV_RANDOM: looking at a page of a file on disk reads no other.
int clinux_advise_random(uintptr_t address, size_t length);
/// mincore(2); one byte a base page into `vector`.
int clinux_resident(uintptr_t address, size_t length, unsigned char *_Nonnull vector);
/// mincore(2) in bounded steps; sets a bit in `words`, from bit number `first` on, for each base page that is in memory. *count:
/// how many.
CLINUX_NOLOCKS int clinux_mark_resident(
  uintptr_t address, size_t length, uint64_t *_Nonnull words, size_t first, size_t *_Nonnull count);

/// Bytes of a range of whole pages that are in memory (mincore(2)); on hugetlbfs those that this process has mapped.
CLINUX_NOLOCKS int clinux_resident_bytes(uintptr_t address, size_t length, size_t *_Nonnull bytes);

// MARK: touching memory; SIGBUS on the way comes back as EFAULT, or EHWPOISON for a poisoned page

/// Installs the SIGBUS handler that the calls below rely on. Once a process; a SIGBUS elsewhere still kills.
int clinux_catch_sigbus(void);
/// Reads and, when `writing`, writes back one byte every `stride` bytes, changing no content (atomically: others may write).
CLINUX_NOLOCKS int clinux_touch(uintptr_t address, size_t length, size_t stride, bool writing);

/// The ways to store zeros; the numbers are part of the interface to Swift.
enum clinux_store { CLINUX_STORE_MEMSET, CLINUX_STORE_REP_STOSB, CLINUX_STORE_NONTEMPORAL };
/// Whether this CPU has the store.
bool clinux_store_available(enum clinux_store store);
/// Zeroes the range with the store.
CLINUX_NOLOCKS int clinux_clear(uintptr_t address, size_t length, enum clinux_store store);
/// Looks for a byte that is not zero. *at: its offset, or `length` when all are zero.
CLINUX_NOLOCKS int clinux_find_nonzero(uintptr_t address, size_t length, size_t *_Nonnull at);

// MARK: files

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
/// cachestat(2) (Linux 6.5): pages of the range in the page cache, cleared yet or not; of a tmpfs file also those that were
/// swapped out. EPERM: neither its owner nor allowed to write it, and so not told.
CLINUX_NOLOCKS int clinux_cached_pages(
  int fd, off_t offset, off_t length, uint64_t *_Nonnull pages, uint64_t *_Nonnull swapped);
/// pread(2) until a byte is found that is not zero; holes are read as what they are, and no page is made. *at: its offset from
/// `offset`, or `length` when all are zero; beyond the file's end there is nothing, which is zero. EIO: the disk's.
CLINUX_NOLOCKS int clinux_find_nonzero_in_file(int fd, off_t offset, size_t length, size_t *_Nonnull at);
/// pread(2) of all of a range, up to the file's end: why it cannot be read, and *at: how far it could.
CLINUX_NOLOCKS int clinux_read_through(int fd, off_t offset, size_t length, size_t *_Nonnull at);
/// posix_fadvise(2) with POSIX_FADV_RANDOM: what is read by this descriptor is what is asked for, and nothing ahead of it.
int clinux_read_no_ahead(int fd);
/// 0: nobody else has the file open or mapped, which taking and dropping a write lease tells (fcntl(2), F_SETLEASE).
/// EAGAIN: somebody has. EACCES: neither its owner nor capable, and so not told.
CLINUX_NOLOCKS int clinux_sole_opener(int fd);
/// Hears of files being opened, by whatever name (inotify(7)). *watch: a descriptor to close.
int clinux_watch_open(int *_Nonnull watch);
/// From now on of this one, too (IN_OPEN, by its name in /proc/self/fd).
int clinux_watch_add(int watch, int fd);
/// Whether none of its files was opened (FIONREAD); false where that is not told.
CLINUX_NOLOCKS bool clinux_watch_is_silent(int watch);

/// The kinds of file system whose memory is understood.
enum clinux_filesystem {
  CLINUX_FS_OTHER, CLINUX_FS_HUGETLBFS, CLINUX_FS_TMPFS, CLINUX_FS_EXT, CLINUX_FS_XFS, CLINUX_FS_BTRFS, CLINUX_FS_PROC
};
struct clinux_filesystem_facts {
  enum clinux_filesystem kind;
  size_t block_size;         // hugetlbfs: the page size
  uint64_t blocks;           // 0: no limit of its own
  uint64_t free_blocks, available_blocks;
};
/// The number of the mount that an open file lies on (statx(2), STATX_MNT_ID, Linux 5.8); ENOSYS: the kernel does not tell.
int clinux_mount_of(int fd, uint64_t *_Nonnull mount);
/// Whether chattr(1) has made it immutable, or only to be appended to (statx(2)); false where that is not told.
bool clinux_is_unremovable(int fd);
/// Opens a directory as a place (openat2(2), O_PATH), following links. *is_straight: no symbolic link led there but /proc/self
/// and those of its kind.
int clinux_open_directory(int from, const char *_Nonnull path, int *_Nonnull directory, bool *_Nonnull is_straight);
int clinux_filesystem_of(int fd, struct clinux_filesystem_facts *_Nonnull facts);

// MARK: which pages of a shared file are there (userfaultfd(2), minor mode: maps what is there, allocates nothing)

/// Registers the shared mapping. *uffd: a descriptor to close.
int clinux_probe_open(uintptr_t address, size_t length, bool huge, int *_Nonnull uffd);
/// Maps what is there from `address` on. *present: bytes found there before the first page that is missing.
CLINUX_NOLOCKS int clinux_probe(int uffd, uintptr_t address, size_t length, size_t *_Nonnull present);
/// Where userfaultfd(2) is forbidden: whether a page of a hugetlbfs file is there, by reading it through a private mapping and
/// asking for its kind (/proc/self/pagemap, descriptor `pagemap`). For a moment a page of the pool stands in for one that is
/// missing, if there is one that nobody was promised. EIO: the kernel does not tell.
CLINUX_NOLOCKS int clinux_try_huge_page(int fd, int pagemap, off_t offset, size_t page_size, bool *_Nonnull is_there);
/// Registers a mapping so that no access makes a page that is missing (missing mode): the kernel's own end with EFAULT,
/// the program's with SIGBUS. *uffd: a descriptor to close.
int clinux_guard_open(uintptr_t address, size_t length, int *_Nonnull uffd);
