// NUMA nodes: where memory is to come from, and where it lies. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "clinux_attributes.h"

/// The policies of set_mempolicy(2); the numbers are the kernel's.
enum clinux_policy { CLINUX_POLICY_DEFAULT, CLINUX_POLICY_PREFERRED, CLINUX_POLICY_BIND, CLINUX_POLICY_INTERLEAVE };
/// mbind(2): where the pages of the range come from that are made from now on. `nodes`: one bit each, in `words` words.
int clinux_bind(uintptr_t address, size_t length, enum clinux_policy policy, const uint64_t *_Nullable nodes, size_t words);
/// set_mempolicy(2): the same for the calling thread's pages, where no mapping has a policy of its own.
int clinux_thread_policy(enum clinux_policy policy, const uint64_t *_Nonnull nodes, size_t words);
/// A policy as the kernel has it: the mode with its flags, and the nodes that belong to it.
struct clinux_range_policy { int mode; uint64_t nodes[1024 / 64]; };
/// The policy of the mapping at an address (get_mempolicy(2), MPOL_F_ADDR); MPOL_DEFAULT where it has none of its own.
int clinux_policy_at(uintptr_t address, struct clinux_range_policy *_Nonnull policy);
/// mbind(2): gives it back to a range.
int clinux_restore_policy(uintptr_t address, size_t length, const struct clinux_range_policy *_Nonnull policy);

/// get_mempolicy(2), MPOL_F_MEMS_ALLOWED: the nodes that this process may have memory of, one bit each, in `words` words, of
/// which there must be as many as the kernel knows nodes.
int clinux_allowed_nodes(uint64_t *_Nonnull nodes, size_t words);

/// One more than the highest node number that can be counted; the kernel's largest MAX_NUMNODES.
static const int CLINUX_NODES = 1024;
/// What pages of a range are like. Threads may add to the same counts.
struct clinux_page_counts {
  /// Bytes in memory, and of them in transparent huge pages.
  uint64_t resident, huge;
  /// The errno with which the kernel refused to tell of huge pages, or of nodes; 0 while it tells.
  int huge_error, node_error;
  /// The pages on each of the first `nodes` nodes.
  uint64_t *_Nonnull pages;
  size_t nodes;
  /// The nodes that pages may lie on, one bit each.
  uint64_t allowed[1024 / 64];
  /// The lowest address of a page on another node; UINTPTR_MAX for none.
  uintptr_t first_wrong;
  /// Whether pages may lie on some nodes only.
  bool is_bound;
};
/// Nothing counted yet; `pages`: `nodes` zeros; `allowed`: one bit a node in `words` words, none for all of them.
void clinux_page_counts_begin(
    struct clinux_page_counts *_Nonnull counts, uint64_t *_Nonnull pages, size_t nodes,
    const uint64_t *_Nonnull allowed, size_t words);
/// Asks the kernel for the node of every page of the range, in which all pages are present: base pages by move_pages(2)
/// in batches, those of a pool, `page_size` larger than the base page, by get_mempolicy(2) each, since move_pages(2) does
/// not know them on every kernel.
CLINUX_NOLOCKS int clinux_count_nodes(
    uintptr_t address, size_t length, size_t page_size, struct clinux_page_counts *_Nonnull counts);
/// Adds so many resident bytes of a range of which not all is there.
CLINUX_NOLOCKS void clinux_count_resident(struct clinux_page_counts *_Nonnull counts, size_t bytes);
/// Counts the range, all of whose pages are present, as resident, with its transparent huge pages (PAGEMAP_SCAN, Linux
/// 6.7, on `pagemap`, /proc/self/pagemap) and the nodes of all. What the kernel refuses to tell is noted in the counts and
/// not asked again. `huge_size`: of a transparent huge page, 0 where there are none.
CLINUX_NOLOCKS void clinux_count_pages(
    int pagemap, uintptr_t address, size_t length, size_t page_size, size_t huge_size,
    struct clinux_page_counts *_Nonnull counts);
