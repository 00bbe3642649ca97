#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// What older kernel headers lack; the number is an enumerator in newer ones.
#define BUFFERS_UPDATE 16
struct buffers_update {
  uint32_t offset, reserved;
  uint64_t data, tags;
  uint32_t count, reserved2;
};

int clinux_uring_setup(int *fd) {
  struct io_uring_params params = {0};
  *fd = (int)syscall(SYS_io_uring_setup, 1, &params);
  return answer(*fd);
}

int clinux_uring_make_places(int fd, unsigned count) {
  struct iovec *empty = calloc(count, sizeof *empty);
  if (!empty) return ENOMEM;
  int error = answer(syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, empty, count));
  free(empty);
  return error;
}

int clinux_uring_set_buffer(int fd, unsigned place, uintptr_t address, size_t length) {
  struct iovec buffer = {(void *)address, length};
  struct buffers_update update = {.offset = place, .data = (uintptr_t)&buffer, .count = 1};
  int error;
  do error = answer(syscall(SYS_io_uring_register, fd, BUFFERS_UPDATE, &update, sizeof update));
  while (error == EINTR);
  return error;
}

int clinux_uring_drop_buffers(int fd) {
  return answer(syscall(SYS_io_uring_register, fd, IORING_UNREGISTER_BUFFERS, NULL, 0));
}
