/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Places in memory that any processor reads and any may write (a sequence lock): the number is odd while somebody
 * writes, and another one afterwards. Who reads takes what he needs and then looks whether the number is still the same.
 */
#ifndef MEGANAT_FASTPATH_SEQUENCE_H
#define MEGANAT_FASTPATH_SEQUENCE_H

#include <stdbool.h>
#include "settings.h"

#define compiler_barrier() __asm__ volatile("" ::: "memory")

/* x86 shows reads and writes in their order. eBPF has no fence, but every atomic operation that gives the old value is one. */
static __always_inline void order(__u32 *sequence) {
  compiler_barrier();
  if (settings.weak_order) __sync_fetch_and_add(sequence, 0);
  compiler_barrier();
}

static __always_inline __u32 begin_reading(__u32 *sequence) {
  __u32 before = *(volatile __u32 *)sequence;
  order(sequence);
  return before;
}

static __always_inline bool was_undisturbed(__u32 *sequence, __u32 before) {
  order(sequence);
  return (before & 1) == 0 && *(volatile __u32 *)sequence == before;
}

/* False if somebody else is writing there: leave it to him. */
static __always_inline bool begin_writing(__u32 *sequence) {
  __u32 before = *(volatile __u32 *)sequence;
  return (before & 1) == 0 && __sync_val_compare_and_swap(sequence, before, before + 1) == before;
}

static __always_inline void end_writing(__u32 *sequence) {
  order(sequence);
  *(volatile __u32 *)sequence += 1;
}

#endif
