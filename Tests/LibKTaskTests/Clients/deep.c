// A thread function that goes deep, in a helper as in any other thread of the C library's.
#include <ktask.h>
#include <string.h>
#include "check.h"

static _Atomic int calls;

static int go_deep(void *start, void *end, void *arg) {
  volatile char room[640 << 10];
  memset((char *)room, 1, sizeof room);
  calls += room[(size_t)start % sizeof room] + (end == arg);
  return 0;
}

int main(void) {
  DEFINE_KTASK_CTL(ctl, go_deep, NULL, 1);
  ctl.kc_threads = 4;
  ctl.kc_max_chunk_size = 1;
  CHECK(ktask_run((void *)4096, 64, &ctl) == 0);
  CHECK(calls == 64);
  return 0;
}
