#define _GNU_SOURCE
#include "ccounting.h"
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WHO_THREAD = 1 };

bool policies_set(struct policies wanted) {
  const unsigned long nodes[1024 / 64] = {wanted.nodes};
  const struct sched_param parameters = {.sched_priority = wanted.class == SCHED_FIFO || wanted.class == SCHED_RR};
  return syscall(SYS_set_mempolicy, (long)wanted.memory, wanted.nodes ? nodes : NULL, wanted.nodes ? 1025 : 0) == 0 &&
         syscall(SYS_ioprio_set, WHO_THREAD, 0, wanted.io) == 0 && sched_setscheduler(0, wanted.class, &parameters) == 0;
}

struct policies policies_get(void) {
  struct policies found = {-1, 0, -1, -1};
  unsigned long nodes[1024 / 64] = {0};
  if (syscall(SYS_get_mempolicy, &found.memory, nodes, 1024, NULL, 0) == -1) found.memory = -1;
  found.nodes = nodes[0];
  found.io = (int)syscall(SYS_ioprio_get, WHO_THREAD, 0);
  found.class = sched_getscheduler(0);
  return found;
}
