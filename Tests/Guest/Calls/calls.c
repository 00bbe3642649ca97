#define _GNU_SOURCE
#include "cguest.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// The numbers are the same on every architecture; older C libraries lack their names.
enum { pidfd_open_number = 434, pidfd_getfd_number = 438 };

int cguest_end_machine(unsigned char code) {
  const unsigned short port = 0x501;

  if (ioperm(port, 1, 1) != 0)
    return errno;
  outb(code, port);
  return 0;
}

int cguest_take_descriptor(int process, int number, int *taken) {
  int pidfd = (int)syscall(pidfd_open_number, process, 0);
  if (pidfd == -1)
    return errno;
  *taken = (int)syscall(pidfd_getfd_number, pidfd, number, 0);
  int error = *taken == -1 ? errno : 0;
  close(pidfd);
  return error;
}

int cguest_group_device(int group, const char *address, int *device) {
  *device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address);
  return *device == -1 ? errno : 0;
}

static int region(int device, unsigned index, struct vfio_region_info *info) {
  *info = (struct vfio_region_info){.argsz = sizeof *info, .index = index};
  return ioctl(device, VFIO_DEVICE_GET_REGION_INFO, info) == -1 ? errno : 0;
}

// Lets the device answer at its registers and reach memory by itself.
static int enable(int device) {
  struct vfio_region_info config;
  int error = region(device, VFIO_PCI_CONFIG_REGION_INDEX, &config);
  if (error)
    return error;
  off_t at = (off_t)config.offset + PCI_COMMAND;
  uint16_t command;
  if (pread(device, &command, sizeof command, at) != sizeof command)
    return EIO;
  command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
  return pwrite(device, &command, sizeof command, at) == sizeof command ? 0 : EIO;
}

// The device's registers, and its own memory as it calls it itself.
enum { edu_from = 0x80, edu_to = 0x88, edu_length = 0x90, edu_command = 0x98, edu_memory = 0x40000 };
enum { edu_start = 1, edu_to_host = 2 };

static int transfer(volatile char *edu, uint64_t from, uint64_t to, size_t length, unsigned direction) {
  *(volatile uint64_t *)(edu + edu_from) = from;
  *(volatile uint64_t *)(edu + edu_to) = to;
  *(volatile uint64_t *)(edu + edu_length) = length;
  *(volatile uint64_t *)(edu + edu_command) = edu_start | direction;
  // a limit for a device that has stopped, at least two minutes; else it takes moments
  for (int tries = 0; tries < 24000; tries++) {
    if (!(*(volatile uint64_t *)(edu + edu_command) & edu_start))
      return 0;
    usleep(5000);
  }
  return ETIMEDOUT;
}

int cguest_edu_copy(int device, uint64_t from, uint64_t to, size_t length) {
  struct vfio_region_info bar;
  int error = enable(device);
  if (!error)
    error = region(device, VFIO_PCI_BAR0_REGION_INDEX, &bar);
  if (error)
    return error;
  void *edu = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)bar.offset);
  if (edu == MAP_FAILED)
    return errno;
  error = transfer(edu, from, edu_memory, length, 0);
  if (!error)
    error = transfer(edu, edu_memory, to, length, edu_to_host);
  munmap(edu, bar.size);
  return error;
}

int cguest_lower_locked_memory(int process, uint64_t bytes) {
  struct rlimit limit = {bytes, bytes};
  return prlimit(process, RLIMIT_MEMLOCK, &limit, NULL) == -1 ? errno : 0;
}
