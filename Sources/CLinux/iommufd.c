#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>

// linux/iommufd.h came with Linux 6.2, the file calls with 6.13, VFIO's device calls with 6.6: too new for many
// systems' headers. The numbers and layouts are the kernel's.
#define IOMMUFD(number) _IO(';', number)
#define IOAS_ALLOC IOMMUFD(0x81)
#define IOAS_IOVA_RANGES IOMMUFD(0x84)
#define IOAS_MAP IOMMUFD(0x85)
#define IOAS_UNMAP IOMMUFD(0x86)
#define VFIO_IOAS IOMMUFD(0x88)
#define IOAS_MAP_FILE IOMMUFD(0x8f)
#define DEVICE_BIND _IO(VFIO_TYPE, VFIO_BASE + 18)
#define DEVICE_ATTACH _IO(VFIO_TYPE, VFIO_BASE + 19)
enum { FIXED_IOVA = 1, WRITABLE = 2, READABLE = 4, VFIO_IOAS_GET = 0 };

struct device_bind { uint32_t size, flags; int32_t iommufd; uint32_t device; };
struct device_attach { uint32_t size, flags, space; };
struct ioas_alloc { uint32_t size, flags, space; };
struct vfio_ioas { uint32_t size, space; uint16_t operation, reserved; };
struct ioas_ranges { uint32_t size, space, count, reserved; uint64_t ranges, alignment; };
struct ioas_map { uint32_t size, flags, space, reserved; uint64_t address, length, iova; };
struct ioas_map_file { uint32_t size, flags, space; int32_t file; uint64_t start, length, iova; };
struct ioas_unmap { uint32_t size, space; uint64_t iova, length; };

int clinux_iommufd_bind(int device, int iommufd) {
  struct device_bind bind = {.size = sizeof bind, .iommufd = iommufd};
  return answer(ioctl(device, DEVICE_BIND, &bind));
}

int clinux_iommufd_attach(int device, uint32_t space) {
  struct device_attach attach = {.size = sizeof attach, .space = space};
  return answer(ioctl(device, DEVICE_ATTACH, &attach));
}

int clinux_iommufd_new_space(int iommufd, uint32_t *space) {
  struct ioas_alloc alloc = {.size = sizeof alloc};
  int error = answer(ioctl(iommufd, IOAS_ALLOC, &alloc));
  *space = alloc.space;
  return error;
}

int clinux_iommufd_group_space(int iommufd, uint32_t *space) {
  struct vfio_ioas get = {.size = sizeof get, .operation = VFIO_IOAS_GET};
  int error = answer(ioctl(iommufd, VFIO_IOAS, &get));
  *space = get.space;
  return error;
}

int clinux_iommufd_facts(int iommufd, uint32_t space, struct clinux_iommufd_facts *facts) {
  struct ioas_ranges ask = {
      .size = sizeof ask, .space = space, .count = CLINUX_IOVA_RANGES, .ranges = (uintptr_t)facts->ranges};
  int error = answer(ioctl(iommufd, IOAS_IOVA_RANGES, &ask));
  facts->alignment = ask.alignment;
  facts->range_count = ask.count < CLINUX_IOVA_RANGES ? ask.count : CLINUX_IOVA_RANGES;
  // EMSGSIZE: there are more ranges than room, which is filled
  return error == EMSGSIZE ? 0 : error;
}

int clinux_iommufd_map(int iommufd, uint32_t space, uintptr_t address, uint64_t iova, size_t length) {
  struct ioas_map map = {
      .size = sizeof map, .flags = FIXED_IOVA | WRITABLE | READABLE, .space = space,
      .address = address, .length = length, .iova = iova};
  return answer(ioctl(iommufd, IOAS_MAP, &map));
}

int clinux_iommufd_map_file(int iommufd, uint32_t space, int file, uint64_t offset, uint64_t iova, size_t length) {
  struct ioas_map_file map = {
      .size = sizeof map, .flags = FIXED_IOVA | WRITABLE | READABLE, .space = space,
      .file = file, .start = offset, .length = length, .iova = iova};
  return answer(ioctl(iommufd, IOAS_MAP_FILE, &map));
}

int clinux_iommufd_unmap(int iommufd, uint32_t space, uint64_t iova, size_t length) {
  struct ioas_unmap unmap = {.size = sizeof unmap, .space = space, .iova = iova, .length = length};
  return answer(ioctl(iommufd, IOAS_UNMAP, &unmap));
}
