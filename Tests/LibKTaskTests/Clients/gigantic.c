// The RFC's own client, clear_gigantic_page, as it would be written in user space; and an undo that it did not need.
#include <ktask.h>
#include <sys/mman.h>
#include "check.h"

enum { PAGES = 16384, PAGE = 4096 };

struct cgp_args {
  char *base_addr;
  int fails_at; /* a page number; -1: none */
};

static int clear_gigantic_page_chunk(void *start, void *end, void *arg) {
  struct cgp_args *args = arg;
  for (size_t i = (size_t)start; i < (size_t)end; i++) {
    if ((int)i == args->fails_at) {
      /* a failing chunk cleans up after itself */
      memset(args->base_addr + (size_t)start * PAGE, 0xff, (i - (size_t)start) * PAGE);
      return -ENOMEM;
    }
    memset(args->base_addr + i * PAGE, 0, PAGE);
  }
  return KTASK_RETURN_SUCCESS;
}

static void dirty_again(void *start, void *end, void *arg) {
  struct cgp_args *args = arg;
  memset(args->base_addr + (size_t)start * PAGE, 0xff, ((size_t)end - (size_t)start) * PAGE);
}

static size_t bytes_that_are(const char *base, char value) {
  size_t count = 0;
  for (size_t i = 0; i < (size_t)PAGES * PAGE; i++) count += base[i] == value;
  return count;
}

int main(void) {
  char *base = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(base != MAP_FAILED);
  memset(base, 0xff, (size_t)PAGES * PAGE);

  struct cgp_args args = {base, -1};
  struct ktask_outcome outcome = KTASK_OUTCOME_INITIALIZER;
  DEFINE_KTASK_CTL(ctl, clear_gigantic_page_chunk, &args, 512);
  ctl.kc_outcome = &outcome;
  CHECK(ktask_run(NULL, PAGES, &ctl) == KTASK_RETURN_SUCCESS);
  CHECK(bytes_that_are(base, 0) == (size_t)PAGES * PAGE);
  CHECK(outcome.ko_end == KTASK_FINISHED && outcome.ko_units_done == PAGES && outcome.ko_units_undone == 0);
  CHECK(outcome.ko_threads >= 1 && outcome.ko_bound != KTASK_BOUND_NONE);

  memset(base, 0xff, (size_t)PAGES * PAGE);
  args.fails_at = PAGES * 3 / 4;
  struct ktask_failure failures[8];
  outcome.ko_failures = failures;
  outcome.ko_nr_failures_room = 8;
  ktask_ctl_set_undo_func(&ctl, dirty_again);
  ctl.kc_max_chunk_size = 1024;
  CHECK(ktask_run(NULL, PAGES, &ctl) == -ENOMEM);
  CHECK(errno == 0);
  CHECK(bytes_that_are(base, (char)0xff) == (size_t)PAGES * PAGE);
  CHECK(outcome.ko_end == KTASK_FAILED && outcome.ko_nr_failures == 1);
  CHECK(failures[0].kf_error == -ENOMEM && failures[0].kf_node_task == 0);
  CHECK(failures[0].kf_offset == (size_t)failures[0].kf_start && failures[0].kf_units <= 1024);
  CHECK((size_t)failures[0].kf_start <= PAGES * 3 / 4 && (size_t)failures[0].kf_end > PAGES * 3 / 4);
  CHECK(outcome.ko_units_undone == outcome.ko_units_done);
  return 0;
}
