// The interface as programs have been built against it: a member may be added at a structure's end, and nothing else.
#include <ktask.h>

#define AT(type, member, offset) _Static_assert(offsetof(struct type, member) == offset, #type "." #member)
#define LEAST(type, size) _Static_assert(sizeof(struct type) >= size, #type)

AT(ktask_ctl, kc_size, 0);
AT(ktask_ctl, kc_thread_func, 8);
AT(ktask_ctl, kc_undo_func, 16);
AT(ktask_ctl, kc_func_arg, 24);
AT(ktask_ctl, kc_min_chunk_size, 32);
AT(ktask_ctl, kc_iter_func, 40);
AT(ktask_ctl, kc_max_threads, 48);
AT(ktask_ctl, kc_max_chunk_size, 56);
AT(ktask_ctl, kc_alignment, 64);
AT(ktask_ctl, kc_threads, 72);
AT(ktask_ctl, kc_flags, 80);
AT(ktask_ctl, kc_nice, 84);
AT(ktask_ctl, kc_lingering_ns, 88);
AT(ktask_ctl, kc_watch, 96);
AT(ktask_ctl, kc_outcome, 104);
LEAST(ktask_ctl, 112);
AT(ktask_node, kn_start, 0);
AT(ktask_node, kn_task_size, 8);
AT(ktask_node, kn_nid, 16);
_Static_assert(sizeof(struct ktask_node) == 24, "an array's elements never grow");
AT(ktask_failure, kf_start, 0);
AT(ktask_failure, kf_end, 8);
AT(ktask_failure, kf_offset, 16);
AT(ktask_failure, kf_units, 24);
AT(ktask_failure, kf_node_task, 32);
AT(ktask_failure, kf_error, 40);
_Static_assert(sizeof(struct ktask_failure) == 48, "an array's elements never grow");
AT(ktask_outcome, ko_failures, 8);
AT(ktask_outcome, ko_nr_failures_room, 16);
AT(ktask_outcome, ko_nr_failures, 24);
AT(ktask_outcome, ko_end, 32);
AT(ktask_outcome, ko_bound, 36);
AT(ktask_outcome, ko_threads, 40);
AT(ktask_outcome, ko_chunk, 48);
AT(ktask_outcome, ko_units_done, 56);
AT(ktask_outcome, ko_units_undone, 64);
AT(ktask_outcome, ko_nanoseconds, 72);
LEAST(ktask_outcome, 80);
AT(ktask_watch, kw_done, 8);
AT(ktask_watch, kw_total, 16);
AT(ktask_watch, kw_cancelled, 24);
AT(ktask_watch, kw_cancel_fd, 28);
LEAST(ktask_watch, 32);
AT(ktask_options, ko_flags, 8);
AT(ktask_options, ko_nice, 12);
AT(ktask_options, ko_threads, 16);
AT(ktask_options, ko_max_threads, 24);
AT(ktask_options, ko_min_chunk, 32);
AT(ktask_options, ko_page_size, 40);
AT(ktask_options, ko_timeout_ns, 48);
AT(ktask_options, ko_lingering_ns, 56);
AT(ktask_options, ko_nodemask, 64);
AT(ktask_options, ko_maxnode, 72);
AT(ktask_options, ko_policy, 80);
AT(ktask_options, ko_watch, 88);
LEAST(ktask_options, 96);
AT(ktask_result, kr_bytes_done, 8);
AT(ktask_result, kr_bytes_undone, 16);
AT(ktask_result, kr_undone, 24);
AT(ktask_result, kr_bound, 28);
AT(ktask_result, kr_threads, 32);
AT(ktask_result, kr_chunk, 40);
AT(ktask_result, kr_nanoseconds, 48);
AT(ktask_result, kr_bytes_resident, 56);
AT(ktask_result, kr_failed_offset, 64);
AT(ktask_result, kr_failed_length, 72);
LEAST(ktask_result, 80);

int main(void) { return 0; }
