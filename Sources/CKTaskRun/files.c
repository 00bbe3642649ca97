/*
 * fallocate on hugetlbfs. On tmpfs it takes pages without clearing them, which is left to whoever touches them first: one
 * thread is faster at that than several are at making them, so that it stays the kernel's alone.
 */
#define _GNU_SOURCE
#include "run.h"
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

static bool may_be_read(int file) {
  long flags = raw(SYS_fcntl, file, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) == O_RDWR;
}

/* A file that would become larger than the limit allows would bring a signal twice. */
static bool limit_allows_size(size_t size) {
  struct rlimit limit;
  return !raw(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit) && size <= limit.rlim_cur;
}

/* Makes pages of a file that is large enough, through a mapping of its own; nothing of it becomes dirty. */
static const char *make_file_pages(struct call *call, int file, size_t page_size, size_t start, size_t end) {
  start = rounded_down(start, page_size);
  size_t length = rounded_up(end, page_size) - start;
  long at = raw(SYS_mmap, NULL, length, PROT_READ, MAP_SHARED | MAP_NORESERVE, file, start);
  if (raw_failed(at)) return "it cannot be mapped";
  int error = make_pages(call, (uintptr_t)at, (uintptr_t)at + length, false);
  raw(SYS_munmap, at, length);
  return error ? "some of it cannot be populated" : NULL;
}

/*
 * One file's fallocate(2) is one thread's in the kernel, while its pages can be made side by side. The real call finds
 * them, and sees to what else it does.
 */
static const char *make_allocated(struct call *call, int file, int mode, size_t page_size, size_t start, size_t end) {
  struct stat status;
  if (!may_be_read(file)) return "the file may not be read";
  if (future_locks()) return "what is mapped is locked (MCL_FUTURE)";
  if (fstat(file, &status)) return "the file cannot be looked at";
  bool grows = (size_t)status.st_size < end;
  if (grows && (mode & FALLOC_FL_KEEP_SIZE)) return "it lies beyond the file's end";
  if (grows && !limit_allows_size(end)) return "the file would be larger than the limit";
  const char *why = no_room_in_file(file, end - start, false);
  if (why) return why;
  if (grows && raw(SYS_ftruncate, file, end)) return "the file cannot grow";
  why = make_file_pages(call, file, page_size, start, end);
  if (why && grows) raw(SYS_ftruncate, file, status.st_size);
  return why;
}

long allocate_file(int file, int mode, long offset, long length) {
  struct call call;
  size_t page_size;
  long end;
  if (length < 0 || (size_t)length < settings.least || offset < 0 || __builtin_add_overflow(offset, length, &end) ||
      mode & ~FALLOC_FL_KEEP_SIZE || !is_pooled_file(file, &page_size) ||
      !begin_call(&call, "fallocate", (size_t)length, NULL))
    return raw(SYS_fallocate, file, mode, offset, length);
  call.why = make_allocated(&call, file, mode, page_size, (size_t)offset, (size_t)end);
  return end_call(&call, raw(SYS_fallocate, file, mode, offset, length));
}
