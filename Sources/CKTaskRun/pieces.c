#define _GNU_SOURCE
#include "numbers.h"
#include "run.h"
#include <string.h>

static const char unreadable[] = "/proc/self/maps cannot be read";
static const char not_populated[] = "some of it cannot be populated";

/* Of what is mapped somewhere, the part that a call is about. */
struct piece {
  const struct mapping *mapping;
  size_t page_size; /* of a file's; 0: base pages, or not known */
  uintptr_t start, end;
};

/* The next piece of a range from *at on, which is then behind it; false at the end and, unless `jumping`, at a hole. */
static bool next_piece(
    struct lines *maps, struct mapping *mapping, uintptr_t *at, uintptr_t end, bool jumping, struct piece *piece) {
  do
    if (!maps_next(maps, mapping) || mapping->start >= end) return false;
  while (mapping->end <= *at);
  if (mapping->start > *at && !jumping) return false;
  *piece = (struct piece){.mapping = mapping,
                          .page_size = mapping->inode ? maps_page_size(maps->file, mapping->start) : 0,
                          .start = mapping->start > *at ? mapping->start : *at,
                          .end = mapping->end < end ? mapping->end : end};
  *at = piece->end;
  return true;
}

/*
 * Whether pages can be made there, as far as both ends of it tell: the end of a file and the memory of a device are
 * where they cannot. The kernel would make those two pages as well.
 */
static bool ends_can_be_made(const struct piece *piece, bool writing) {
  if (!piece->mapping->inode) return true;
  size_t page = base_page();
  int advice = writing ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
  return !advise_pages(piece->start, piece->start + page, advice) && !advise_pages(piece->end - page, piece->end, advice);
}

/* Why a piece is the kernel's alone; NULL: it need not be. */
static const char *why_not(const struct piece *piece, bool writing) {
  const struct mapping *mapping = piece->mapping;
  if (writing ? !mapping->writes : !mapping->reads) return "some of it may not be read, or not be written";
  const char *why = no_room_in(mapping, piece->page_size, piece->end - piece->start);
  return why ? why : ends_can_be_made(piece, writing) ? NULL : not_populated;
}

bool can_populate(struct call *call, uintptr_t start, uintptr_t end, bool writing) {
  struct lines maps;
  struct mapping mapping;
  struct piece piece;
  uintptr_t at = start;
  if (!maps_open(&maps)) return call->why = unreadable, false;
  while (!call->why && next_piece(&maps, &mapping, &at, end, false, &piece)) call->why = why_not(&piece, writing);
  maps_close(&maps);
  if (!call->why && at < end) call->why = "not all of it is mapped";
  return !call->why;
}

static bool is_memory(const struct mapping *mapping) {
  return !strncmp(mapping->path, "/memfd:", 7) || !strncmp(mapping->path, "/dev/shm/", 9) ||
         !strncmp(mapping->path, "/SYSV", 5) || !strcmp(mapping->path, "/dev/zero (deleted)");
}

/* A device pins no pages of a file on a disk; of memory that is shared it takes what reading makes. */
static bool is_for(const struct piece *piece, enum purpose purpose) {
  bool is_pooled = piece->page_size > base_page();
  if (piece->end - piece->start < settings.least) return false;
  if (!(purpose & FOR_PINNING)) return is_pooled == !!(purpose & POOLED_ONLY);
  return piece->mapping->shared ? is_pooled || is_memory(piece->mapping) : piece->mapping->writes;
}

/* What is too small for several threads: by this one, where what comes after it depends on its success. */
static bool make_alone(const struct piece *piece, bool writing, enum purpose purpose) {
  if (purpose & PASSING_OVER) return true;
  if (writing ? !piece->mapping->writes : !piece->mapping->reads) return false;
  if (purpose != FOR_LOCKING) return true;
  return !advise_pages(piece->start, piece->end, writing ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

/* As mlock(2) does it: private memory that can be written is written, all else is read. */
static bool make_piece(struct call *call, struct lines *maps, const struct piece *piece, enum purpose purpose) {
  bool writing = piece->mapping->writes && !piece->mapping->shared;
  bool is_passed = purpose & PASSING_OVER && !piece->mapping->reads;
  if (is_passed || !is_for(piece, purpose)) return make_alone(piece, writing, purpose);
  // a descriptor under a number of the program's, which may take long now
  maps_close(maps);
  const char *why = why_not(piece, writing);
  if (!why && make_pages(call, piece->start, piece->end, writing)) why = not_populated;
  if (why) call->why = why;
  return !why;
}

void make_mapped(struct call *call, uintptr_t start, uintptr_t end, enum purpose purpose) {
  struct lines maps;
  struct mapping mapping;
  struct piece piece;
  uintptr_t at = start;
  bool is_all = purpose & PASSING_OVER;
  if (!maps_open(&maps)) {
    call->why = unreadable;
    return;
  }
  while (next_piece(&maps, &mapping, &at, end, is_all, &piece))
    if (!make_piece(call, &maps, &piece, purpose) && !is_all) break;
  maps_close(&maps);
}
