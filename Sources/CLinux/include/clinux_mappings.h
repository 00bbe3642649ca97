// What is mapped at an address. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One mapping of this process.
struct clinux_own_mapping {
  uintptr_t start, end;
  /// Of its pages, in bytes.
  size_t page_size;
  bool is_readable, is_writable, is_shared;
  /// Of the file behind it; the device is 0 where there is none.
  uint64_t device;
  /// A file that has no name anywhere: a memfd, shared anonymous memory, a System V segment.
  bool is_nameless;
  /// Somebody may have a descriptor of its file, and so have reserved pages of it (fallocate(2)).
  bool may_be_reserved;
  /// False of anonymous memory, in whatever way it came: in huge pages of a pool, or as a private mapping of /dev/zero.
  bool has_file;
};

/// A way along the mappings. All 0 at its beginning.
struct clinux_mapping_walk {
  struct clinux_own_mapping *_Nullable list;
  size_t next, count;
};

/// The mapping that has `address`, or the next one above it; ENOENT: there is none; ENOSYS: there is no /proc. Of a walk each
/// address is the end of the mapping before. By PROCMAP_QUERY of /proc/self/maps (Linux 6.11); on older kernels, which list all
/// from the first one on, many at a time.
int clinux_next_own_mapping(
  struct clinux_mapping_walk *_Nonnull walk, uintptr_t address, struct clinux_own_mapping *_Nonnull mapping);
/// Frees what it has.
void clinux_end_walk(struct clinux_mapping_walk *_Nonnull walk);
