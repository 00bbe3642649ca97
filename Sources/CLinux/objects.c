#include "clinux.h"
#include <stdatomic.h>
#include <stddef.h>

static _Atomic(void *) objects[CLINUX_OBJECTS];

void *clinux_object(enum clinux_object which) { return atomic_load_explicit(&objects[which], memory_order_acquire); }

void *clinux_object_keep(enum clinux_object which, void *object) {
  void *before = NULL;
  return atomic_compare_exchange_strong(&objects[which], &before, object) ? object : before;
}
