// Calls for a program that runs as a service. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include <stddef.h>

/// A descriptor to read these signals from, which must be blocked (signalfd(2)); close-on-exec.
int clinux_signal_descriptor(const int *_Nonnull signals, size_t count, int *_Nonnull descriptor);

/// The next of its signals; waits for one (read(2)).
int clinux_next_signal(int descriptor, int *_Nonnull signal);

/// A datagram socket of the local machine (socket(2)); close-on-exec.
int clinux_local_datagram(int *_Nonnull descriptor);

/// One datagram to a socket by its name, which is a path, or abstract where it begins with `@`; EINVAL for a name that
/// is longer than there is room for, EAGAIN where the receiver has no room (sendto(2)).
int clinux_send_to_name(int descriptor, const char *_Nonnull name, const char *_Nonnull text, size_t length);
