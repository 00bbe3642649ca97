#include "mapper.h"
#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>

int demand(int result, const char *what) {
  if (result >= 0) return result;
  perror(what);
  exit(71);
}

static int map_by_vfio(const struct space *space, void *memory, uint64_t address, size_t length, int writable) {
  struct vfio_iommu_type1_dma_map map = {
      .argsz = sizeof map, .flags = VFIO_DMA_MAP_FLAG_READ | (writable ? VFIO_DMA_MAP_FLAG_WRITE : 0),
      .vaddr = (uintptr_t)memory, .iova = address, .size = length};
  return ioctl(space->file, VFIO_IOMMU_MAP_DMA, &map);
}

static int unmap_by_vfio(const struct space *space, uint64_t address, size_t length) {
  struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof unmap, .iova = address, .size = length};
  return ioctl(space->file, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

struct space vfio_space(const char *group, const char *device) {
  char path[64];
  snprintf(path, sizeof path, "/dev/vfio/%s", group);
  int container = demand(open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC), "/dev/vfio/vfio");
  int member = demand(open(path, O_RDWR | O_CLOEXEC), path);
  demand(ioctl(member, VFIO_GROUP_SET_CONTAINER, &container), "VFIO_GROUP_SET_CONTAINER");
  demand(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "VFIO_SET_IOMMU");
  demand(ioctl(member, VFIO_GROUP_GET_DEVICE_FD, device), "VFIO_GROUP_GET_DEVICE_FD");
  return (struct space){.file = container, .map = map_by_vfio, .unmap = unmap_by_vfio};
}

// Of <linux/iommufd.h>, and of VFIO's header since Linux 6.6, which older systems lack.
struct ioas_alloc { uint32_t size, flags, number; };
struct ioas_map { uint32_t size, flags, number, reserved; uint64_t memory, length, address; };
struct ioas_unmap { uint32_t size, number; uint64_t address, length; };
struct device_bind { uint32_t size, flags; int32_t file; uint32_t device; };
struct device_attach { uint32_t size, flags, number; };
enum { FIXED = 1, WRITABLE = 2, READABLE = 4 };
#define IOAS(number) _IO(';', number)
#define DEVICE(number) _IO(VFIO_TYPE, VFIO_BASE + (number))

static int map_by_iommufd(const struct space *space, void *memory, uint64_t address, size_t length, int writable) {
  struct ioas_map map = {.size = sizeof map, .flags = FIXED | READABLE | (writable ? WRITABLE : 0),
                         .number = space->number, .memory = (uintptr_t)memory, .length = length, .address = address};
  return ioctl(space->file, IOAS(0x85), &map);
}

static int unmap_by_iommufd(const struct space *space, uint64_t address, size_t length) {
  struct ioas_unmap unmap = {.size = sizeof unmap, .number = space->number, .address = address, .length = length};
  return ioctl(space->file, IOAS(0x86), &unmap);
}

struct space iommufd_space(const char *node) {
  int file = demand(open("/dev/iommu", O_RDWR | O_CLOEXEC), "/dev/iommu");
  int device = demand(open(node, O_RDWR | O_CLOEXEC), node);
  struct ioas_alloc alloc = {.size = sizeof alloc};
  demand(ioctl(file, IOAS(0x81), &alloc), "IOMMU_IOAS_ALLOC");
  struct device_bind bind = {.size = sizeof bind, .file = file};
  demand(ioctl(device, DEVICE(18), &bind), "VFIO_DEVICE_BIND_IOMMUFD");
  struct device_attach attach = {.size = sizeof attach, .number = alloc.number};
  demand(ioctl(device, DEVICE(19), &attach), "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
  return (struct space){.file = file, .number = alloc.number, .map = map_by_iommufd, .unmap = unmap_by_iommufd};
}
