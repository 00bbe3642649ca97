// Node tasks: of a node, of none, empty ones, of a node that is not there; their order in the undo.
#include <ktask.h>
#include "check.h"

static unsigned char marks[4][65536];

static int mark(void *start, void *end, void *arg) {
  for (unsigned char *at = start; at < (unsigned char *)end; at++) {
    if (at == arg) return 1;
    (*at)++;
  }
  return 0;
}

static void *last;
static void unmark(void *start, void *end, void *arg) {
  (void)arg;
  CHECK(start > last);
  last = start;
  for (unsigned char *at = start; at < (unsigned char *)end; at++) (*at)--;
}

int main(void) {
  DEFINE_KTASK_CTL(ctl, mark, NULL, 4096);
  struct ktask_node nodes[] = {
      {marks[0], sizeof marks[0], 0}, {marks[1], sizeof marks[1], KTASK_NO_NODE}, {marks[2], 0, 0}, {marks[3], sizeof marks[3], 999}};
  CHECK(ktask_run_numa(nodes, 4, &ctl) == 0);
  for (size_t i = 0; i < 65536; i++)
    CHECK(marks[0][i] == 1 && marks[1][i] == 1 && marks[2][i] == 0 && marks[3][i] == 1);
  CHECK(ktask_run_numa(NULL, 0, &ctl) == 0);

  ktask_ctl_set_undo_func(&ctl, unmark);
  ctl.kc_func_arg = &marks[3][65535];
  ctl.kc_max_chunk_size = 4096;
  struct ktask_outcome outcome = KTASK_OUTCOME_INITIALIZER;
  ctl.kc_outcome = &outcome;
  CHECK(ktask_run_numa(nodes, 4, &ctl) == 1);
  CHECK(outcome.ko_units_done == outcome.ko_units_undone);
  for (size_t i = 0; i < 65536; i++) CHECK(marks[0][i] == 1 && marks[1][i] == 1);

  nodes[1].kn_nid = -2;
  CHECK(ktask_run_numa(nodes, 4, &ctl) == -1 && errno == EINVAL);
  nodes[1].kn_nid = 0;
  nodes[1].kn_task_size = (size_t)-1;
  CHECK(ktask_run_numa(nodes, 4, &ctl) == -1 && errno == EINVAL);
  CHECK(ktask_run_numa(NULL, 1, &ctl) == -1 && errno == EINVAL);
  // so many that what they need wraps round to nothing
  CHECK(ktask_run_numa(nodes, (size_t)1 << 56, &ctl) == -1 && errno == ENOMEM);
  // beyond the last address
  nodes[1] = (struct ktask_node){(void *)-10, 30, KTASK_NO_NODE};
  CHECK(ktask_run_numa(nodes, 4, &ctl) == -1 && errno == EINVAL);
  return 0;
}
