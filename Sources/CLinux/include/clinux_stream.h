// Streams that others may have open, too. Every call returns 0 or an errno.
#pragma once
#include <stddef.h>

/// Writes what a pipe takes without waiting, and how many bytes that was; EAGAIN where it takes none, EOPNOTSUPP for a
/// stream that has no such writes, or a kernel before 6.4 (pwritev2(2), RWF_NOWAIT).
int clinux_write_at_once(int descriptor, const void *_Nullable bytes, size_t count, size_t *_Nonnull written);
