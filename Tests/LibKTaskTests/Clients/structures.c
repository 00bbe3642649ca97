// Prints where every member of the structures is that another language has to know.
#include <ktask.h>
#include <stdio.h>

#define SIZE(type) printf(#type " %zu\n", sizeof(struct type))
#define MEMBER(type, member) printf(#type "." #member " %zu\n", offsetof(struct type, member))
#define FLAG(name) printf(#name " %d\n", KTASK_##name)

int main(void) {
  SIZE(ktask_watch);
  MEMBER(ktask_watch, kw_size);
  MEMBER(ktask_watch, kw_done);
  MEMBER(ktask_watch, kw_total);
  MEMBER(ktask_watch, kw_cancelled);
  MEMBER(ktask_watch, kw_cancel_fd);
  SIZE(ktask_options);
  MEMBER(ktask_options, ko_size);
  MEMBER(ktask_options, ko_flags);
  MEMBER(ktask_options, ko_nice);
  MEMBER(ktask_options, ko_threads);
  MEMBER(ktask_options, ko_max_threads);
  MEMBER(ktask_options, ko_min_chunk);
  MEMBER(ktask_options, ko_page_size);
  MEMBER(ktask_options, ko_timeout_ns);
  MEMBER(ktask_options, ko_lingering_ns);
  MEMBER(ktask_options, ko_nodemask);
  MEMBER(ktask_options, ko_maxnode);
  MEMBER(ktask_options, ko_policy);
  MEMBER(ktask_options, ko_watch);
  SIZE(ktask_result);
  MEMBER(ktask_result, kr_size);
  MEMBER(ktask_result, kr_bytes_done);
  MEMBER(ktask_result, kr_bytes_undone);
  MEMBER(ktask_result, kr_undone);
  MEMBER(ktask_result, kr_bound);
  MEMBER(ktask_result, kr_threads);
  MEMBER(ktask_result, kr_chunk);
  MEMBER(ktask_result, kr_nanoseconds);
  MEMBER(ktask_result, kr_bytes_resident);
  MEMBER(ktask_result, kr_failed_offset);
  MEMBER(ktask_result, kr_failed_length);
  FLAG(NICE);
  FLAG(NO_LEND);
  FLAG(IGNORE_POWER);
  FLAG(KEEP);
  FLAG(PREFLIGHT);
  FLAG(HUGE);
  FLAG(NO_HUGE);
  FLAG(ZERO);
  FLAG(READ);
  printf("bounds %d\n", KTASK_BOUND_THREAD_CREATION + 1);
  return 0;
}
