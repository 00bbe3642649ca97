// Buffers that are registered with io_uring, and so pinned. Every call returns 0 or an errno.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "clinux_attributes.h"

/// io_uring_setup(2): a ring that is there for its buffers only. *fd: the close-on-exec descriptor.
int clinux_uring_setup(int *_Nonnull fd);
/// io_uring_register(2), IORING_REGISTER_BUFFERS with `count` empty places (Linux 5.13; before: EFAULT).
int clinux_uring_make_places(int fd, unsigned count);
/// IORING_REGISTER_BUFFERS_UPDATE: registers a buffer, 1 GiB at most, at a place. `length` 0 empties the place.
CLINUX_NOLOCKS int clinux_uring_set_buffer(int fd, unsigned place, uintptr_t address, size_t length);
/// IORING_UNREGISTER_BUFFERS: every place; their pages are unpinned when it returns.
int clinux_uring_drop_buffers(int fd);
