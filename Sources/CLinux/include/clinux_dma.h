// Memory mapped for devices: VFIO's containers and groups, and iommufd. Every call returns 0 or an errno.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "clinux_attributes.h"

/// Addresses that devices may use, both ends included.
struct clinux_iova_range { uint64_t first, last; };
enum { CLINUX_IOVA_RANGES = 64 };

// MARK: VFIO, type 1 version 2 (ioctl(2) on /dev/vfio/vfio and /dev/vfio/GROUP)

/// Whether the container speaks version 0 of the interface and has IOMMUs of type 1 version 2; ENOTSUP: it has not.
int clinux_vfio_check(int container);
/// VFIO_GROUP_GET_STATUS. Viable: no device of the group has a driver of the kernel's.
int clinux_vfio_group_status(int group, bool *_Nonnull viable);
/// VFIO_GROUP_SET_CONTAINER; an iommufd is a container, too.
int clinux_vfio_join(int group, int container);
/// VFIO_SET_IOMMU, type 1 version 2. EPERM: no interrupt remapping.
int clinux_vfio_set_iommu(int container);

struct clinux_vfio_facts {
  uint64_t page_sizes;       // one bit each
  uint64_t mappings_left;    // UINT64_MAX: the kernel does not say
  size_t range_count;        // 0: the kernel does not say
  struct clinux_iova_range ranges[CLINUX_IOVA_RANGES];
};
/// VFIO_IOMMU_GET_INFO with its chain of capabilities.
int clinux_vfio_facts(int container, struct clinux_vfio_facts *_Nonnull facts);
/// VFIO_IOMMU_MAP_DMA, readable and writable.
CLINUX_NOLOCKS int clinux_vfio_map(int container, uintptr_t address, uint64_t iova, size_t length);
/// VFIO_IOMMU_UNMAP_DMA: all mappings inside the range; EINVAL: it cuts one.
CLINUX_NOLOCKS int clinux_vfio_unmap(int container, uint64_t iova, size_t length);
/// VFIO_GROUP_GET_DEVICE_FD: a device of the group by its name, such as 0000:00:05.0. *fd: close-on-exec.
int clinux_vfio_device(int group, const char *_Nonnull name, int *_Nonnull fd);

// MARK: iommufd (ioctl(2) on /dev/iommu; Linux 6.2, devices 6.6)

/// VFIO_DEVICE_BIND_IOMMUFD on a device's own node.
int clinux_iommufd_bind(int device, int iommufd);
/// VFIO_DEVICE_ATTACH_IOMMUFD_PT: from then on what the address space maps is pinned.
int clinux_iommufd_attach(int device, uint32_t space);
/// IOMMU_IOAS_ALLOC.
int clinux_iommufd_new_space(int iommufd, uint32_t *_Nonnull space);
/// IOMMU_VFIO_IOAS: the address space that groups use which have the iommufd as their container.
int clinux_iommufd_group_space(int iommufd, uint32_t *_Nonnull space);
struct clinux_iommufd_facts {
  uint64_t alignment;
  size_t range_count;
  struct clinux_iova_range ranges[CLINUX_IOVA_RANGES];
};
/// IOMMU_IOAS_IOVA_RANGES.
int clinux_iommufd_facts(int iommufd, uint32_t space, struct clinux_iommufd_facts *_Nonnull facts);
/// IOMMU_IOAS_MAP at a fixed address, readable and writable.
CLINUX_NOLOCKS int clinux_iommufd_map(int iommufd, uint32_t space, uintptr_t address, uint64_t iova, size_t length);
/// IOMMU_IOAS_MAP_FILE (Linux 6.13): the same for a memfd's or hugetlbfs file's memory. ENOTTY: the kernel lacks it.
CLINUX_NOLOCKS int clinux_iommufd_map_file(
  int iommufd, uint32_t space, int file, uint64_t offset, uint64_t iova, size_t length);
/// IOMMU_IOAS_UNMAP: all mappings inside the range; ENOENT: there is none, or it cuts one.
CLINUX_NOLOCKS int clinux_iommufd_unmap(int iommufd, uint32_t space, uint64_t iova, size_t length);
