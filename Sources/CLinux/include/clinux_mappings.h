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

/// The mapping that has `address`, or the next one above it (/proc/self/maps: PROCMAP_QUERY of Linux 6.11, or read through).
/// ENOENT: there is none; ENOSYS: there is no /proc.
int clinux_own_mapping_at(uintptr_t address, struct clinux_own_mapping *_Nonnull mapping);
