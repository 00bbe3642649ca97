// A virtual machine monitor as far as its memory goes: maps it for a device, and tells what came of it. The same words
// whether `ktaskctl run` started it or not.
#ifndef MAPPER_H
#define MAPPER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A device's address space.
struct space {
  int file;
  uint32_t number;  // of iommufd's
  int (*map)(const struct space *space, void *memory, uint64_t address, size_t length, int writable);
  int (*unmap)(const struct space *space, uint64_t address, size_t length);
};

// A container with a group of VFIO's, by its number, and a device of the group; the container may be iommufd's.
struct space vfio_space(const char *group, const char *device);
// An address space of iommufd's, with a device by its node.
struct space iommufd_space(const char *node);

// The result of a call that must not fail.
int demand(int result, const char *what);

#endif
