#pragma once
#include <stddef.h>
#include <stdint.h>

// What the tests inside a guest need and Swift cannot say.

/// Writes to QEMU's isa-debug-exit, which ends the machine: QEMU's exit status is 2 * code + 1. Returns an errno where
/// there is no such port to write to.
int cguest_end_machine(unsigned char code);

/// Another process's descriptor (pidfd_getfd(2)). Returns an errno.
int cguest_take_descriptor(int process, int number, int *_Nonnull taken);

/// A device of a VFIO group, by its PCI address (VFIO_GROUP_GET_DEVICE_FD). Returns an errno.
int cguest_group_device(int group, const char *_Nonnull address, int *_Nonnull device);

/// Has QEMU's edu device, opened by VFIO, copy bytes by DMA: into its own memory from one of the addresses at which it
/// sees memory, and out of it to another. Fewer than 4096 bytes. Returns an errno; ETIMEDOUT: it did not end.
int cguest_edu_copy(int device, uint64_t from, uint64_t to, size_t length);

/// Lowers another process's RLIMIT_MEMLOCK, soft and hard (prlimit(2)). Returns an errno.
int cguest_lower_locked_memory(int process, uint64_t bytes);
