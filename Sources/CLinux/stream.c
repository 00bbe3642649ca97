#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <sys/uio.h>

int clinux_write_at_once(int descriptor, const void *bytes, size_t count, size_t *written) {
  struct iovec all = {(void *)bytes, count};
  ssize_t result = pwritev2(descriptor, &all, 1, -1, RWF_NOWAIT);
  *written = result == -1 ? 0 : (size_t)result;
  return answer(result);
}
