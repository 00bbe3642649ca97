/* Memory that is mapped for devices: VFIO, iommufd, and CUDA's. The pages come first; then the call is made as it was. */
#define _GNU_SOURCE
#include "run.h"
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Of <linux/iommufd.h>, which older systems lack. */
struct ioas_map {
  uint32_t size, flags, space, reserved;
  uint64_t address, length, device_address;
};
enum { IOAS_MAP = _IO(';', 0x85), IOAS_MAP_WRITEABLE = 2 };

/* The kernel's own name of a device: where it is mounted, and under which number, says nothing. */
static bool is_mapper(int file) {
  char path[64], name[256];
  struct stat status;
  if (fstat(file, &status) || !S_ISCHR(status.st_mode)) return false;
  snprintf(path, sizeof path, "/sys/dev/char/%u:%u", major(status.st_rdev), minor(status.st_rdev));
  long length = raw(SYS_readlinkat, AT_FDCWD, path, name, sizeof name - 1);
  if (length <= 0) return false;
  name[length] = 0;
  const char *last = strrchr(name, '/');
  return last && (!strcmp(last, "/vfio") || !strcmp(last, "/iommu"));
}

/* A range that a device may write to; what it only reads is pinned in another way, and left alone. */
static bool range_of(unsigned long request, const void *argument, uintptr_t *start, size_t *length) {
  if (request == VFIO_IOMMU_MAP_DMA) {
    struct vfio_iommu_type1_dma_map map;
    if (!peek(&map, argument, sizeof map) || map.argsz < sizeof map) return false;
    *start = map.vaddr;
    *length = map.size;
    return map.flags == (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
  }
  struct ioas_map map;
  if (request != IOAS_MAP || !peek(&map, argument, sizeof map) || map.size < sizeof map) return false;
  *start = map.address;
  *length = map.length;
  return map.flags & IOAS_MAP_WRITEABLE;
}

static void make_pinned(struct call *call, uintptr_t start, size_t length) {
  if (!limit_allows_locking(length)) {
    call->why = beyond_limit;
    return;
  }
  uintptr_t end = rounded_up(start + length, base_page());
  if (end > start) make_mapped(call, rounded_down(start, base_page()), end, FOR_PINNING);
}

long control_device(int file, unsigned long request, void *argument) {
  struct call call;
  uintptr_t start;
  size_t length;
  request = (uint32_t)request;
  if ((request != VFIO_IOMMU_MAP_DMA && request != IOAS_MAP) || !is_on() || !range_of(request, argument, &start, &length) ||
      length < settings.least || !is_mapper(file) ||
      !begin_call(&call, request == IOAS_MAP ? "IOMMU_IOAS_MAP" : "VFIO_IOMMU_MAP_DMA", length, NULL))
    return raw(SYS_ioctl, file, request, argument);
  make_pinned(&call, start, length);
  return end_call(&call, raw(SYS_ioctl, file, request, argument));
}

typedef int (*registering)(void *address, size_t length, unsigned flags);

/* Memory of a device's, which is not made of pages (CU_MEMHOSTREGISTER_IOMEMORY), and memory that it only reads. */
enum { IO_MEMORY = 4, READ_ONLY = 8 };

/* CUDA_ERROR_NOT_INITIALIZED, cudaErrorInitializationError: there is no CUDA behind this name. */
enum { NOT_THERE = 3 };

static int register_memory(const char *name, void *address, size_t length, unsigned flags, const void *caller) {
  registering next = (registering)next_function(name, caller);
  struct call call;
  if (!next) return NOT_THERE;
  if (length < settings.least || flags & (IO_MEMORY | READ_ONLY) || !begin_call(&call, name, length, NULL))
    return next(address, length, flags);
  make_pinned(&call, (uintptr_t)address, length);
  // what comes now is no system call, and may start threads
  let_interruptions(&call.held);
  return (int)end_call(&call, next(address, length, flags));
}

HOOK int cuMemHostRegister(void *address, size_t length, unsigned flags) {
  return register_memory("cuMemHostRegister", address, length, flags, CALLER);
}

HOOK int cuMemHostRegister_v2(void *address, size_t length, unsigned flags) {
  return register_memory("cuMemHostRegister_v2", address, length, flags, CALLER);
}

HOOK int cudaHostRegister(void *address, size_t length, unsigned flags) {
  return register_memory("cudaHostRegister", address, length, flags, CALLER);
}
