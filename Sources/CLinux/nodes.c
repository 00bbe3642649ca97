#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// numaif.h's numbers; the system calls are made directly, so that this needs no libnuma.
enum { MPOL_F_NODE = 1, MPOL_F_ADDR = 2, MPOL_F_MEMS_ALLOWED = 4 };

int clinux_bind(uintptr_t address, size_t length, enum clinux_policy policy, const uint64_t *nodes, size_t words) {
  // the kernel takes one bit less than it is told of, and of no bits one less as very many
  if (words == 0) nodes = NULL;
  return answer(syscall(SYS_mbind, address, length, (long)policy, nodes, words * 64 + 1, 0));
}

int clinux_thread_policy(enum clinux_policy policy, const uint64_t *nodes, size_t words) {
  return answer(syscall(SYS_set_mempolicy, (long)policy, nodes, words * 64 + 1));
}

// Of a set that the kernel is given one bit less than it is told of is taken, and of one that it gives none.
int clinux_policy_at(uintptr_t address, struct clinux_range_policy *policy) {
  return answer(syscall(
      SYS_get_mempolicy, &policy->mode, policy->nodes, sizeof policy->nodes * 8, address, (long)MPOL_F_ADDR));
}

int clinux_restore_policy(uintptr_t address, size_t length, const struct clinux_range_policy *policy) {
  bool has_nodes = false;
  for (size_t i = 0; i < sizeof policy->nodes / sizeof *policy->nodes; i++) has_nodes |= policy->nodes[i] != 0;
  return answer(syscall(
      SYS_mbind, address, length, (long)policy->mode, has_nodes ? policy->nodes : NULL, sizeof policy->nodes * 8 + 1, 0L));
}

int clinux_allowed_nodes(uint64_t *nodes, size_t words) {
  return answer(syscall(SYS_get_mempolicy, NULL, nodes, words * 64, 0, MPOL_F_MEMS_ALLOWED));
}

// The node of one page (MPOL_F_NODE | MPOL_F_ADDR), which is read for it.
static int node_of(uintptr_t address, int *node) {
  return answer(syscall(SYS_get_mempolicy, node, NULL, 0, address, MPOL_F_NODE | MPOL_F_ADDR));
}

void clinux_page_counts_begin(
    struct clinux_page_counts *counts, uint64_t *pages, size_t nodes, const uint64_t *allowed, size_t words) {
  memset(counts, 0, sizeof *counts);
  counts->pages = pages;
  counts->nodes = nodes;
  counts->first_wrong = UINTPTR_MAX;
  counts->is_bound = words != 0;
  if (words == 0) memset(counts->allowed, 0xff, sizeof counts->allowed);
  for (size_t i = 0; i < words && i < sizeof counts->allowed / sizeof *allowed; i++) counts->allowed[i] = allowed[i];
}

static void note_wrong(struct clinux_page_counts *counts, uintptr_t address) {
  uintptr_t known = __atomic_load_n(&counts->first_wrong, __ATOMIC_RELAXED);
  while (address < known && !__atomic_compare_exchange_n(
             &counts->first_wrong, &known, address, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

static int add(struct clinux_page_counts *counts, int node, uint64_t pages, uintptr_t address) {
  if (node < 0 || (size_t)node >= counts->nodes) return ERANGE;
  __atomic_fetch_add(&counts->pages[node], pages, __ATOMIC_RELAXED);
  if (!(counts->allowed[node / 64] >> node % 64 & 1)) note_wrong(counts, address);
  return 0;
}

static int count_one_by_one(uintptr_t address, size_t length, size_t page_size, struct clinux_page_counts *counts) {
  for (size_t at = 0; at < length; at += page_size) {
    int node = -1;
    int error = node_of(address + at, &node);
    if (!error) error = add(counts, node, 1, address + at);
    if (error) return error;
  }
  return 0;
}

enum { BATCH = 512 };

// Neighbours mostly lie on the same node: one addition for each run of them.
static int count_batch(uintptr_t address, size_t pages, size_t page_size, struct clinux_page_counts *counts) {
  void *addresses[BATCH];
  int nodes[BATCH];
  for (size_t i = 0; i < pages; i++) addresses[i] = (void *)(address + i * page_size);
  int error = answer(syscall(SYS_move_pages, 0, pages, addresses, NULL, nodes, 0));
  for (size_t i = 0, run = 0; i < pages && !error; i += run, run = 0) {
    // not in the page tables: fallocate(2) made it, or it was swapped out
    if (nodes[i] < 0) error = node_of(address + i * page_size, &nodes[i]);
    while (i + run < pages && nodes[i + run] == nodes[i]) run++;
    if (!error) error = add(counts, nodes[i], run, address + i * page_size);
  }
  return error;
}

int clinux_count_nodes(uintptr_t address, size_t length, size_t page_size, struct clinux_page_counts *counts) {
  if (page_size > (size_t)sysconf(_SC_PAGESIZE)) return count_one_by_one(address, length, page_size, counts);
  int error = 0;
  for (size_t at = 0; at < length && !error; at += BATCH * page_size) {
    size_t left = (length - at + page_size - 1) / page_size;
    error = count_batch(address + at, left < BATCH ? left : BATCH, page_size, counts);
  }
  return error;
}

// PAGEMAP_SCAN came with Linux 6.7, too new for many systems' headers.
struct scanned { uint64_t start, end, categories; };
struct scan {
  uint64_t size, flags, start, end, walk_end, vector, vector_length, most_pages;
  uint64_t inverted, all_of, any_of, told;
};
#define PAGEMAP_SCAN_CALL _IOWR('f', 16, struct scan)
enum { PAGE_IN_HUGE = 1 << 6, RUNS = 64 };

// A page that the range begins or ends in counts for what of it lies there.
static int count_huge(uintptr_t from, uintptr_t to, size_t huge_size, struct clinux_page_counts *counts) {
  size_t base = (size_t)sysconf(_SC_PAGESIZE);
  for (uintptr_t at = from; at < to;) {
    uintptr_t next = at / huge_size * huge_size + huge_size;
    if (next > to) next = to;
    int node = -1;
    int error = node_of(at, &node);
    if (!error) error = add(counts, node, (next - at) / base, at);
    if (error) return error;
    at = next;
  }
  return 0;
}

// What the kernel does not tell once, it does not tell at all.
static void count_part(
    uintptr_t from, uintptr_t to, size_t page_size, size_t huge_size, struct clinux_page_counts *counts) {
  if (from >= to || __atomic_load_n(&counts->node_error, __ATOMIC_RELAXED)) return;
  // where it matters every page is asked for; elsewhere a huge page once
  int error = huge_size && !counts->is_bound ? count_huge(from, to, huge_size, counts)
                                             : clinux_count_nodes(from, to - from, page_size, counts);
  if (error) __atomic_store_n(&counts->node_error, error, __ATOMIC_RELAXED);
}

// The parts in huge pages, and those between them, each by itself; where it stopped, for want of an answer, in *at.
static int count_runs(
    int pagemap, uintptr_t *at, uintptr_t end, size_t page_size, size_t huge_size, struct clinux_page_counts *counts) {
  struct scanned runs[RUNS];
  while (*at < end) {
    uintptr_t begun = *at;
    struct scan ask = {
        .size = sizeof ask, .start = *at, .end = end, .vector = (uintptr_t)runs, .vector_length = RUNS,
        .all_of = PAGE_IN_HUGE, .told = PAGE_IN_HUGE};
    int found = ioctl(pagemap, PAGEMAP_SCAN_CALL, &ask);
    if (found == -1) return errno;
    for (int i = 0; i < found; i++) {
      count_part(*at, runs[i].start, page_size, 0, counts);
      count_part(runs[i].start, runs[i].end, page_size, huge_size, counts);
      __atomic_fetch_add(&counts->huge, runs[i].end - runs[i].start, __ATOMIC_RELAXED);
      *at = runs[i].end;
    }
    // a full vector ends the walk early
    uintptr_t walked = ask.walk_end < end ? ask.walk_end : end;
    count_part(*at, walked, page_size, 0, counts);
    if (walked > *at) *at = walked;
    if (*at == begun) return EIO;
  }
  return 0;
}

void clinux_count_resident(struct clinux_page_counts *counts, size_t bytes) {
  __atomic_fetch_add(&counts->resident, bytes, __ATOMIC_RELAXED);
}

void clinux_count_pages(
    int pagemap, uintptr_t address, size_t length, size_t page_size, size_t huge_size,
    struct clinux_page_counts *counts) {
  uintptr_t at = address, end = address + length;
  clinux_count_resident(counts, length);
  bool may_be_huge = huge_size && page_size == (size_t)sysconf(_SC_PAGESIZE);
  if (may_be_huge && !__atomic_load_n(&counts->huge_error, __ATOMIC_RELAXED)) {
    int error = count_runs(pagemap, &at, end, page_size, huge_size, counts);
    if (error) __atomic_store_n(&counts->huge_error, error, __ATOMIC_RELAXED);
  }
  count_part(at, end, page_size, 0, counts);
}
