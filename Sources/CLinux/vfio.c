#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

int clinux_vfio_check(int container) {
  int version = ioctl(container, VFIO_GET_API_VERSION);
  if (version == -1) return errno;
  if (version != VFIO_API_VERSION || ioctl(container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1) return ENOTSUP;
  return 0;
}

int clinux_vfio_group_status(int group, bool *viable) {
  struct vfio_group_status status = {.argsz = sizeof status};
  if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) == -1) return errno;
  *viable = status.flags & VFIO_GROUP_FLAGS_VIABLE;
  return 0;
}

int clinux_vfio_join(int group, int container) { return answer(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container)); }

int clinux_vfio_set_iommu(int container) { return answer(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU)); }

static void take_ranges(const struct vfio_info_cap_header *header, struct clinux_vfio_facts *facts) {
  const struct vfio_iommu_type1_info_cap_iova_range *list = (const void *)header;
  for (uint32_t index = 0; index < list->nr_iovas && facts->range_count < CLINUX_IOVA_RANGES; index++)
    facts->ranges[facts->range_count++] =
        (struct clinux_iova_range){list->iova_ranges[index].start, list->iova_ranges[index].end};
}

// The chain's offsets count from the start of `info`; each is checked against what the kernel wrote.
static void take_capabilities(const struct vfio_iommu_type1_info *info, struct clinux_vfio_facts *facts) {
  uint32_t offset = info->flags & VFIO_IOMMU_INFO_CAPS ? info->cap_offset : 0;
  while (offset >= sizeof *info && offset + sizeof(struct vfio_info_cap_header) <= info->argsz) {
    const struct vfio_info_cap_header *header = (const void *)((const char *)info + offset);
    if (header->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE) take_ranges(header, facts);
    if (header->id == VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL)
      facts->mappings_left = ((const struct vfio_iommu_type1_info_dma_avail *)(const void *)header)->avail;
    if (header->next <= offset) return;
    offset = header->next;
  }
}

int clinux_vfio_facts(int container, struct clinux_vfio_facts *facts) {
  *facts = (struct clinux_vfio_facts){.mappings_left = UINT64_MAX};
  struct vfio_iommu_type1_info first = {.argsz = sizeof first};
  if (ioctl(container, VFIO_IOMMU_GET_INFO, &first) == -1) return errno;
  uint32_t size = first.argsz > sizeof first ? first.argsz : sizeof first;
  struct vfio_iommu_type1_info *info = calloc(1, size);
  if (!info) return ENOMEM;
  info->argsz = size;
  int error = answer(ioctl(container, VFIO_IOMMU_GET_INFO, info));
  if (!error) {
    if (info->argsz > size) info->argsz = size;
    if (info->flags & VFIO_IOMMU_INFO_PGSIZES) facts->page_sizes = info->iova_pgsizes;
    take_capabilities(info, facts);
  }
  free(info);
  return error;
}

int clinux_vfio_map(int container, uintptr_t address, uint64_t iova, size_t length) {
  struct vfio_iommu_type1_dma_map map = {
      .argsz = sizeof map, .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
      .vaddr = address, .iova = iova, .size = length};
  return answer(ioctl(container, VFIO_IOMMU_MAP_DMA, &map));
}

int clinux_vfio_unmap(int container, uint64_t iova, size_t length) {
  struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof unmap, .iova = iova, .size = length};
  return answer(ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap));
}

int clinux_vfio_device(int group, const char *name, int *fd) {
  *fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
  return answer(*fd);
}
