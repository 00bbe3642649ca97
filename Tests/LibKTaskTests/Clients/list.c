// Positions that nothing but the client understands: a linked list. Each element is visited once; a failure undoes each
// once.
#include <ktask.h>
#include "check.h"

struct item {
  struct item *next;
  int visits, undone;
};

enum { ITEMS = 200000 };

static void *advance(void *position, size_t nsteps) {
  struct item *item = position;
  while (nsteps--) item = item->next;
  return item;
}

static int visit(void *start, void *end, void *arg) {
  for (struct item *item = start; item != end; item = item->next)
    if (item == arg) return 7;
  for (struct item *item = start; item != end; item = item->next) item->visits++;
  return 0;
}

static void undo(void *start, void *end, void *arg) {
  (void)arg;
  for (struct item *item = start; item != end; item = item->next) item->undone++;
}

int main(void) {
  struct item *items = calloc(ITEMS, sizeof *items);
  CHECK(items);
  // not in the order in which they lie
  for (size_t i = 0; i + 1 < ITEMS; i++) items[i * 77773 % ITEMS].next = &items[(i + 1) * 77773 % ITEMS];

  DEFINE_KTASK_CTL(ctl, visit, NULL, 1000);
  ktask_ctl_set_iter_func(&ctl, advance);
  CHECK(ktask_run(items, ITEMS, &ctl) == 0);
  for (size_t i = 0; i < ITEMS; i++) CHECK(items[i].visits == 1);

  ctl.kc_func_arg = &items[(size_t)150000 * 77773 % ITEMS];
  ctl.kc_max_chunk_size = 5000;
  ktask_ctl_set_undo_func(&ctl, undo);
  CHECK(ktask_run(items, ITEMS, &ctl) == 7);
  for (size_t i = 0; i < ITEMS; i++) CHECK(items[i].undone == items[i].visits - 1);
  return 0;
}
