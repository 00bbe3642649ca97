#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// numaif.h's numbers; the system calls are made directly, so that this needs no libnuma.
enum { MPOL_F_NODE = 1, MPOL_F_ADDR = 2, MPOL_F_MEMS_ALLOWED = 4 };

static int answer(long result) { return result == -1 ? errno : 0; }

int clinux_bind(uintptr_t address, size_t length, enum clinux_policy policy, const uint64_t *nodes, size_t words) {
  // the kernel takes one bit less than it is told of, and of no bits one less as very many
  if (words == 0) nodes = NULL;
  return answer(syscall(SYS_mbind, address, length, (long)policy, nodes, words * 64 + 1, 0));
}

int clinux_allowed_nodes(uint64_t *nodes, size_t words) {
  return answer(syscall(SYS_get_mempolicy, NULL, nodes, words * 64, 0, MPOL_F_MEMS_ALLOWED));
}

int clinux_node_of(uintptr_t address, int *node) {
  return answer(syscall(SYS_get_mempolicy, node, NULL, 0, address, MPOL_F_NODE | MPOL_F_ADDR));
}

void clinux_node_counts_begin(struct clinux_node_counts *counts, const uint64_t *allowed, size_t words) {
  memset(counts, 0, sizeof *counts);
  counts->first_wrong = UINTPTR_MAX;
  if (words == 0) memset(counts->allowed, 0xff, sizeof counts->allowed);
  for (size_t i = 0; i < words && i < sizeof counts->allowed / sizeof *allowed; i++) counts->allowed[i] = allowed[i];
}

uint64_t clinux_node_pages(const struct clinux_node_counts *counts, int node) { return counts->pages[node]; }

static void note_wrong(struct clinux_node_counts *counts, uintptr_t address) {
  uintptr_t known = __atomic_load_n(&counts->first_wrong, __ATOMIC_RELAXED);
  while (address < known && !__atomic_compare_exchange_n(
             &counts->first_wrong, &known, address, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

static int add(struct clinux_node_counts *counts, int node, uint64_t pages, uintptr_t address) {
  if (node < 0 || node >= CLINUX_NODES) return ERANGE;
  __atomic_fetch_add(&counts->pages[node], pages, __ATOMIC_RELAXED);
  if (!(counts->allowed[node / 64] >> node % 64 & 1)) note_wrong(counts, address);
  return 0;
}

static int count_one_by_one(uintptr_t address, size_t length, size_t page_size, struct clinux_node_counts *counts) {
  for (size_t at = 0; at < length; at += page_size) {
    int node = -1;
    int error = clinux_node_of(address + at, &node);
    if (!error) error = add(counts, node, 1, address + at);
    if (error) return error;
  }
  return 0;
}

enum { BATCH = 512 };

// Neighbours mostly lie on the same node: one addition for each run of them.
static int count_batch(uintptr_t address, size_t pages, size_t page_size, struct clinux_node_counts *counts) {
  void *addresses[BATCH];
  int nodes[BATCH];
  for (size_t i = 0; i < pages; i++) addresses[i] = (void *)(address + i * page_size);
  int error = answer(syscall(SYS_move_pages, 0, pages, addresses, NULL, nodes, 0));
  for (size_t i = 0, run = 0; i < pages && !error; i += run, run = 0) {
    // not in the page tables: fallocate(2) made it, or it was swapped out
    if (nodes[i] < 0) error = clinux_node_of(address + i * page_size, &nodes[i]);
    while (i + run < pages && nodes[i + run] == nodes[i]) run++;
    if (!error) error = add(counts, nodes[i], run, address + i * page_size);
  }
  return error;
}

int clinux_count_nodes(uintptr_t address, size_t length, size_t page_size, struct clinux_node_counts *counts) {
  if (page_size > (size_t)sysconf(_SC_PAGESIZE)) return count_one_by_one(address, length, page_size, counts);
  int error = 0;
  for (size_t at = 0; at < length && !error; at += BATCH * page_size) {
    size_t left = (length - at + page_size - 1) / page_size;
    error = count_batch(address + at, left < BATCH ? left : BATCH, page_size, counts);
  }
  return error;
}
